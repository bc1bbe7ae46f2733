//! PostgreSQL refuses to run as root: which account it runs as then, and whether that account reaches its folder.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::Context as _;

/// An account of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub uid: u32,
    pub gid: u32,
}

/// The account for servers that refuse root; `None` when we are not root and may run them ourselves.
pub(crate) fn for_postgres() -> anyhow::Result<Option<Account>> {
    let me = std::fs::metadata("/proc/self").context("reading /proc/self")?.uid();
    if me != 0 {
        return Ok(None);
    }
    let accounts = std::fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
    let account = find(&accounts, "postgres").or_else(|| find(&accounts, "nobody"));
    Ok(Some(account.context("PostgreSQL may not run as root and there is no account postgres or nobody")?))
}

fn find(accounts: &str, name: &str) -> Option<Account> {
    let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some(Account { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
}

/// Whether everybody may walk down to `folder`. A clone in `/root` is not such a place.
pub(crate) fn reachable_by_all(folder: &Path) -> bool {
    folder
        .ancestors()
        .skip(1)
        .all(|above| std::fs::metadata(above).is_ok_and(|meta| meta.mode() & 0o001 != 0))
}

#[cfg(test)]
mod tests {
    use super::{Account, find};

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts =
            "postgres2:x:7:8::/:/bin/sh\npostgres:x:101:103:PostgreSQL:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(find(accounts, "postgres"), Some(Account { uid: 101, gid: 103 }));
        assert_eq!(find(accounts, "redis"), None);
    }
}
