//! Who says how many there are, and how many may be away.
use crate::manifests::{RENDERS, STRICT, at, list, none, of_kind, of_render, text};

#[test]
fn an_autoscaler_owns_the_replicas_and_more_than_one_have_a_budget() {
    let mut wrong = Vec::new();
    for render in RENDERS {
        let objects = of_render(render);
        let scalers =
            || of_kind(&objects, "HorizontalPodAutoscaler").chain(of_kind(&objects, "ScaledObject"));
        let budgets: Vec<_> = of_kind(&objects, "PodDisruptionBudget").collect();
        for deployment in of_kind(&objects, "Deployment") {
            let scaler =
                scalers().find(|it| text(&it.value, "/spec/scaleTargetRef/name") == deployment.name());
            let replicas = at(&deployment.value, "/spec/replicas").as_u64();
            if scaler.is_some() == replicas.is_some() {
                wrong.push(format!("{}: either replicas or an autoscaler", deployment.place()));
            }
            let least = scaler.and_then(|it| {
                ["minReplicas", "minReplicaCount"]
                    .iter()
                    .find_map(|name| it.value.get("spec")?.get(name)?.as_u64())
            });
            let budget = budgets.iter().find(|it| it.component() == deployment.component());
            if (least.or(replicas) > Some(1)) != budget.is_some() {
                wrong.push(format!("{}: a disruption budget for two or more", deployment.place()));
            }
        }
        for budget in budgets {
            if text(&budget.value, "/spec/unhealthyPodEvictionPolicy") != "AlwaysAllow" {
                wrong.push(format!("{}: a pod that is not ready holds up a drain", budget.place()));
            }
        }
    }
    none("scale it as the chart does", &wrong);
}

#[test]
fn production_scales_each_service_by_its_work() {
    let mut wrong = Vec::new();
    let objects = of_render("production");
    for deployment in of_kind(&objects, "Deployment").filter(|it| it.component() != "operator") {
        let scaled = of_kind(&objects, "ScaledObject").find(|it| it.component() == deployment.component());
        let triggers = scaled.into_iter().flat_map(|it| list(&it.value, "/spec/triggers"));
        let work: Vec<_> = triggers.filter(|trigger| text(trigger, "/type") == "prometheus").collect();
        if work.is_empty() {
            wrong.push(format!("{}: by nothing", deployment.place()));
        }
        for trigger in work {
            let query = text(trigger, "/metadata/query");
            // Another release's work is none of this one, and no answer is not 0.
            if !query.contains(r#"namespace="mizan""#)
                || text(trigger, "/metadata/ignoreNullValues") != "false"
            {
                wrong.push(format!("{}: {query}", deployment.place()));
            }
        }
    }
    none("scale it by its work", &wrong);
}

#[test]
fn pods_are_spread_and_production_insists_on_zones() {
    let mut wrong = Vec::new();
    for render in RENDERS {
        for deployment in of_kind(&of_render(render), "Deployment") {
            let spread = |key: &str| {
                list(&deployment.value, "/spec/template/spec/topologySpreadConstraints")
                    .find(|it| text(it, "/topologyKey") == key && it.get("matchLabelKeys").is_some())
                    .map(|it| text(it, "/whenUnsatisfiable").to_owned())
            };
            let zones = if STRICT.contains(&render) { "DoNotSchedule" } else { "ScheduleAnyway" };
            if spread("topology.kubernetes.io/zone").as_deref() != Some(zones)
                || spread("kubernetes.io/hostname").as_deref() != Some("ScheduleAnyway")
            {
                wrong.push(deployment.place());
            }
        }
    }
    none("spread it over zones and hosts", &wrong);
}
