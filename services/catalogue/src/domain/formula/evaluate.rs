//! A formula's value, and how it came about.

use std::cmp::Ordering;

use super::parse::{Expression, Formula, Function, Operator};
use super::{FormulaError, Mistake, wrong};
use crate::domain::exact::Exact;

/// One operation with its numbers, for the explanation: `120 * 0.1`, 12.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Worked {
    pub operation: String,
    pub result: Exact,
}

impl Formula {
    /// The value for inputs that `value_of` knows, and every operation on the way, inner ones first.
    ///
    /// # Errors
    /// No value for a name, division by zero, a number too large: with the place in the text.
    pub fn evaluate(
        &self,
        value_of: impl Fn(&str) -> Option<Exact>,
    ) -> Result<(Exact, Vec<Worked>), FormulaError> {
        let mut worked = Vec::new();
        let value = work_out(&self.tree, &value_of, &mut worked)?;
        Ok((value, worked))
    }
}

fn work_out(
    tree: &Expression,
    value_of: &impl Fn(&str) -> Option<Exact>,
    worked: &mut Vec<Worked>,
) -> Result<Exact, FormulaError> {
    let overflow = |position: &usize| wrong(*position, Mistake::Overflow);
    match tree {
        Expression::Number(number) => Ok(*number),
        Expression::Input { name, position } => {
            value_of(name).ok_or_else(|| wrong(*position, Mistake::NoValue(name.clone())))
        }
        Expression::Negative { of, position } => {
            work_out(of, value_of, worked)?.checked_neg().ok_or_else(|| overflow(position))
        }
        Expression::Operation { operator, left, right, position } => {
            let left = work_out(left, value_of, worked)?;
            let right = work_out(right, value_of, worked)?;
            if *operator == Operator::Divide && right.is_zero() {
                return Err(wrong(*position, Mistake::DivisionByZero));
            }
            let result = match operator {
                Operator::Add => left.checked_add(right),
                Operator::Subtract => left.checked_sub(right),
                Operator::Multiply => left.checked_mul(right),
                Operator::Divide => left.checked_div(right),
            };
            let result = result.ok_or_else(|| overflow(position))?;
            worked.push(Worked { operation: format!("{left} {operator} {right}"), result });
            Ok(result)
        }
        Expression::Call { function, arguments, position } => {
            let values: Result<Vec<Exact>, FormulaError> =
                arguments.iter().map(|argument| work_out(argument, value_of, worked)).collect();
            let values = values?;
            let result = chosen(*function, &values).ok_or_else(|| overflow(position))?;
            let shown: Vec<String> = values.iter().map(Exact::to_string).collect();
            worked.push(Worked { operation: format!("{}({})", function.name(), shown.join(", ")), result });
            Ok(result)
        }
    }
}

fn chosen(function: Function, values: &[Exact]) -> Option<Exact> {
    let wanted = match function {
        Function::Min => Ordering::Less,
        Function::Max => Ordering::Greater,
    };
    let (first, rest) = values.split_first()?;
    rest.iter()
        .try_fold(*first, |best, value| Some(if value.checked_cmp(best)? == wanted { *value } else { best }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<String, String> {
        let formula = Formula::parse(text).map_err(|error| error.to_string())?;
        let rent = Exact::decimal(120_500, 3);
        let found = formula.evaluate(|name| rent.filter(|_| name == "rent"));
        found.map(|(value, _)| value.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn operators_bind_as_at_school() {
        for (text, expected) in [
            ("1+2*3", "7"),
            ("(1+2)*3", "9"),
            ("10-4-3", "3"),
            ("100/10/2", "5"),
            ("-2*-3", "6"),
            ("2--3", "5"),
            ("--rent", "120.5"),
            ("min(3, 1, 2)", "1"),
            ("max(0.500, rent*0.10)", "12.05"),
            ("1/3*3", "1"),
            ("1/3", "0.333333…"),
        ] {
            assert_eq!(value(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_worked_out_says_where() {
        assert_eq!(value("1/(rent-120.5)").unwrap_err(), "character 2: this divides by zero");
        assert_eq!(value("rent+area").unwrap_err(), "character 6: `area` has no value");
        let power = ["999999999999"; 4].join("*");
        assert_eq!(value(&power).unwrap_err(), "character 39: the number becomes too large here");
    }

    #[test]
    fn each_operation_is_shown_inner_ones_first() {
        let formula = Formula::parse("min(2000.000, 25.000+area*0.300)").unwrap();
        let (_, worked) = formula.evaluate(|_| Exact::new(200, 1)).unwrap();
        let shown: Vec<String> = worked.iter().map(|w| format!("{} = {}", w.operation, w.result)).collect();
        assert_eq!(shown, ["200 * 0.3 = 60", "25 + 60 = 85", "min(2000, 85) = 85"]);
    }
}
