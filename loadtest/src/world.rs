//! The control side of the simulated outside world.
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

/// The sandbox: payers' fingers, kiosks' switches, and the books of what really happened.
#[derive(Debug, Clone)]
pub struct World {
    http: reqwest::Client,
    base: String,
}

impl World {
    /// The sandbox at `base`.
    pub fn new(base: String) -> World {
        World { http: reqwest::Client::new(), base }
    }

    /// Reads one of the books.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Tells the world to do something.
    ///
    /// # Errors
    /// It refuses: with its words.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.base);
        let answer = self.http.post(url).json(body).timeout(Duration::from_mins(1)).send().await?;
        let (code, text) = (answer.status(), answer.text().await?);
        if !code.is_success() {
            bail!("sandbox {path}: {code} {text}");
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// The payer says yes in the wallet.
    ///
    /// # Errors
    /// The wallet refuses.
    pub async fn approve(&self, redirect_url: &str) -> anyhow::Result<()> {
        // Where the sandbox believes to be may be another name for where it is reached from here.
        let path = redirect_url.splitn(4, '/').nth(3).context("a URL with a path")?;
        let answer = self.http.post(format!("{}/{path}/approve", self.base)).send().await?;
        let (code, text) = (answer.status(), answer.text().await?);
        if code.is_client_error() || code.is_server_error() {
            bail!("approve {redirect_url}: {code} {text}");
        }
        Ok(())
    }

    /// Arms a fault for the next payment of a bill.
    ///
    /// # Errors
    /// The sandbox does not know it.
    pub async fn arm(&self, bill_reference: &str, fault: &str) -> anyhow::Result<()> {
        let body = json!({ "bill_reference": bill_reference, "fault": fault, "delay_ms": 1500 });
        self.post("/control/wallet/faults", &body).await.map(drop)
    }

    /// Arms a fault for the next refund of a bill.
    ///
    /// # Errors
    /// The sandbox does not know it.
    pub async fn arm_refund(&self, bill_reference: &str, fault: &str) -> anyhow::Result<()> {
        let body =
            json!({ "bill_reference": bill_reference, "fault": fault, "delay_ms": 1500, "next": "refund" });
        self.post("/control/wallet/faults", &body).await.map(drop)
    }

    /// What the wallet provider's own book says, charge by charge.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn charges(&self) -> anyhow::Result<Vec<Value>> {
        let book = self.get("/control/wallet/book").await?;
        book["charges"].as_array().cloned().context("the book has charges")
    }

    /// Those that were ordered for one of `bills`.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn charges_of(&self, bills: &[&str]) -> anyhow::Result<Vec<Value>> {
        let mut charges = self.charges().await?;
        charges.retain(|charge| bills.iter().any(|bill| charge["bill_reference"] == *bill));
        Ok(charges)
    }
}
