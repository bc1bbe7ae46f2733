//! Who decides, read from the metadata of a call.
use boot::{Call, Problem};
use tonic::Request;

use crate::Error;
use crate::app::{Caller, Fence};

/// The number of a leader among several writers, as metadata; a refusal names the largest seen by the same word.
pub const FENCE: &str = "mizan-fence";
/// Who the leader writes for: numbers of different writers are not compared.
const WRITER: &str = "mizan-writer";
/// The longest name of a writer.
const MAX_WRITER: usize = 200;

/// Two persons decide, so each has a name.
pub fn person<T>(request: &Request<T>) -> Result<Caller, Problem> {
    let call = Call::from_metadata(request.metadata())?;
    if call.actor.trim().is_empty() || call.actor == "anonymous" {
        return Err(Error::ActorMissing.into());
    }
    Ok(Caller { call, fence: fence(request)? })
}

fn fence<T>(request: &Request<T>) -> Result<Option<Fence>, Error> {
    let text = |name| request.metadata().get(name).map(|value| value.to_str().unwrap_or_default());
    let wrong = |field, detail: &str| Error::Field { field, detail: detail.to_owned() };
    let Some(number) = text(FENCE) else { return Ok(None) };
    let number = number.parse().ok().filter(|number: &i64| *number > 0);
    let number = number.ok_or_else(|| wrong(FENCE, "A fence is a whole number above 0"))?;
    let writer = text(WRITER).filter(|writer| (1..=MAX_WRITER).contains(&writer.len()));
    let writer = writer.ok_or_else(|| wrong(WRITER, "Say beside the fence whose it is"))?;
    Ok(Some(Fence { writer: writer.to_owned(), number }))
}
