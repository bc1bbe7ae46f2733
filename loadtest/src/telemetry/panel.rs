//! Dashboards as Grafana reads them.
use serde_json::{Value, json};

/// Which of our targets are looked at: the variables of every dashboard.
pub const OURS: &str = r#"namespace=~"$namespace", instance=~"$instance""#;
/// The width of a row in Grafana's grid.
const WIDTH: usize = 24;
const HEIGHT: usize = 8;
const PANELS_IN_A_ROW: usize = 3;

/// A dashboard.
#[derive(Clone, Debug)]
pub struct Board {
    pub uid: &'static str,
    pub title: &'static str,
    /// Whom it serves, for the documents.
    pub what: &'static str,
    pub rows: Vec<Row>,
}

/// A row: one question, and the panels that answer it.
#[derive(Clone, Debug)]
pub struct Row {
    pub question: &'static str,
    pub panels: Vec<Panel>,
}

#[derive(Clone, Debug)]
pub struct Panel {
    pub title: &'static str,
    unit: &'static str,
    kind: &'static str,
    /// Each with its legend.
    pub exprs: Vec<(String, &'static str)>,
}

/// Lines over time. `ours` in an expression becomes the matcher of the variables.
pub fn lines(title: &'static str, unit: &'static str, exprs: &[(&str, &'static str)]) -> Panel {
    panel("timeseries", title, unit, exprs)
}

/// One figure.
pub fn figure(title: &'static str, unit: &'static str, expr: &str) -> Panel {
    panel("stat", title, unit, &[(expr, "")])
}

fn panel(
    kind: &'static str,
    title: &'static str,
    unit: &'static str,
    exprs: &[(&str, &'static str)],
) -> Panel {
    let exprs = exprs.iter().map(|(expr, legend)| (expr.replace("$ours", OURS), *legend)).collect();
    Panel { title, unit, kind, exprs }
}

impl Board {
    /// The JSON model.
    pub fn json(&self) -> Value {
        let mut panels = Vec::new();
        let mut y = 0;
        for row in &self.rows {
            panels.push(json!({
                "type": "row", "title": row.question, "collapsed": false, "panels": [],
                "gridPos": { "h": 1, "w": WIDTH, "x": 0, "y": y }, "id": panels.len() + 1,
            }));
            y += 1;
            for line in row.panels.chunks(PANELS_IN_A_ROW) {
                let wide = WIDTH / line.len();
                for (at, panel) in line.iter().enumerate() {
                    let place = json!({ "h": HEIGHT, "w": wide, "x": at * wide, "y": y });
                    panels.push(panel.json(panels.len() + 1, &place));
                }
                y += HEIGHT;
            }
        }
        json!({
            "uid": self.uid, "title": self.title, "description": self.what, "tags": ["mizan"],
            "schemaVersion": 39, "version": 1, "editable": false, "graphTooltip": 1, "refresh": "30s",
            "time": { "from": "now-6h", "to": "now" }, "timezone": "Asia/Bahrain",
            "templating": { "list": variables() }, "annotations": { "list": [] }, "panels": panels,
        })
    }
}

fn variables() -> Vec<Value> {
    let datasource = json!({ "type": "prometheus", "uid": "${datasource}" });
    let all = json!({ "text": "All", "value": "$__all" });
    let choice = |name: &str, label: &str, query: &str| {
        json!({
            "name": name, "label": label, "type": "query", "datasource": datasource, "query": query, "refresh": 2,
            "includeAll": true, "allValue": ".*", "multi": true, "current": all, "sort": 1,
        })
    };
    vec![
        json!({ "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus" }),
        choice("namespace", "Namespace", "label_values(up{job=~\"mizan-.*\"}, namespace)"),
        choice(
            "instance",
            "Process",
            "label_values(up{job=~\"mizan-.*\", namespace=~\"$namespace\"}, instance)",
        ),
    ]
}

impl Panel {
    fn json(&self, id: usize, place: &Value) -> Value {
        let datasource = json!({ "type": "prometheus", "uid": "${datasource}" });
        let target = |(at, (expr, legend)): (usize, &(String, &str))| json!({ "refId": format!("q{at}"), "expr": expr, "legendFormat": legend, "datasource": datasource });
        let targets: Vec<Value> = self.exprs.iter().enumerate().map(target).collect();
        let options = match self.kind {
            "stat" => json!({ "reduceOptions": { "calcs": ["lastNotNull"] }, "colorMode": "value" }),
            _ => {
                json!({ "legend": { "displayMode": "list", "placement": "bottom" }, "tooltip": { "mode": "multi" } })
            }
        };
        json!({
            "id": id, "type": self.kind, "title": self.title, "datasource": datasource, "gridPos": place,
            "fieldConfig": { "defaults": { "unit": self.unit, "min": 0 }, "overrides": [] },
            "options": options, "targets": targets,
        })
    }
}
