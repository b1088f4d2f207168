//! The figures as a markdown table.

use super::contest::{Contender, Results};

/// A column of figures: each the median of all rounds.
pub(super) struct Column<'a, S> {
    title: String,
    decimals: usize,
    of: Figure<'a, S>,
    /// The contender it is divided by, round for round.
    base: Option<&'static str>,
}

/// What a turn comes to; `None` where it has no such figure.
type Figure<'a, S> = Box<dyn Fn(&S) -> Option<f64> + 'a>;

impl<'a, S> Column<'a, S> {
    pub(super) fn new(title: impl Into<String>, decimals: usize, of: impl Fn(&S) -> f64 + 'a) -> Self {
        Self { title: title.into(), decimals, of: Box::new(move |sample| Some(of(sample))), base: None }
    }

    /// A figure that not every turn has.
    pub(super) fn optional(title: impl Into<String>, decimals: usize, of: impl Fn(&S) -> Option<f64> + 'a) -> Self {
        Self { title: title.into(), decimals, of: Box::new(of), base: None }
    }

    /// How many times that of `base` in the same place the figure is.
    pub(super) fn ratio(title: impl Into<String>, base: &'static str, of: impl Fn(&S) -> f64 + 'a) -> Self {
        Self { title: title.into(), decimals: 2, of: Box::new(move |sample| Some(of(sample))), base: Some(base) }
    }

    fn cell<J>(&self, results: &Results<'_, J, S>, row: usize) -> String {
        let base = match self.base {
            None => None,
            Some(base) => match base_of(&results.contenders, row, base) {
                None => return String::new(),
                found => found,
            },
        };
        let figure = |round: &Vec<S>| {
            let figure = (self.of)(&round[row])?;
            base.map_or(Some(figure), |base| Some(figure / (self.of)(&round[base])?))
        };
        median(results.rounds.iter().filter_map(figure))
            .map_or_else(String::new, |median| format!("{median:.*}", self.decimals))
    }
}

/// Prints one table: a row per contender. `what` heads their names, `place` what they run on; without it there is no such column.
pub(super) fn print<J, S>(results: &Results<'_, J, S>, what: &str, place: Option<&str>, columns: &[Column<'_, S>]) {
    println!("\n{what}, median of {} rounds:\n", results.rounds.len());
    let place_title = place.map_or_else(String::new, |place| format!(" {place} |"));
    let titles: String = columns.iter().map(|column| format!(" {} |", column.title)).collect();
    println!("| client |{place_title}{titles}");
    println!("|---|{}{}", place.map_or("", |_| "---|"), "---:|".repeat(columns.len()));
    for (row, contender) in results.contenders.iter().enumerate() {
        let place = place.map_or_else(String::new, |_| format!(" {} |", contender.place));
        let cells: String = columns.iter().map(|column| format!(" {} |", column.cell(results, row))).collect();
        println!("| {} |{place}{cells}", contender.name);
    }
}

/// The row of the one that `row` is compared with; nobody is compared with itself.
fn base_of<J, S>(contenders: &[&Contender<J, S>], row: usize, base: &str) -> Option<usize> {
    let place = contenders[row].place;
    contenders.iter().position(|other| other.name == base && other.place == place).filter(|&base| base != row)
}

fn median(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => None,
        length if length % 2 == 1 => Some(figures[middle]),
        _ => Some(f64::midpoint(figures[middle - 1], figures[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(rounds: Vec<Vec<f64>>, contenders: &[Contender<(), f64>]) -> Results<'_, (), f64> {
        Results { contenders: contenders.iter().collect(), rounds }
    }

    fn contender(name: &'static str, place: &'static str) -> Contender<(), f64> {
        Contender { name, place, run: |()| Ok(0.0) }
    }

    /// Not the ratio of the medians: what disturbs a round disturbs both.
    #[test]
    fn a_ratio_is_the_median_of_the_ratios_of_each_round() {
        let contenders = [contender("base", ""), contender("other", "")];
        let results = results(vec![vec![1.0, 2.0], vec![10.0, 30.0], vec![2.0, 10.0]], &contenders);
        assert_eq!(Column::ratio("x base", "base", |figure| *figure).cell(&results, 1), "3.00");
        assert_eq!(Column::new("figure", 1, |figure| *figure).cell(&results, 1), "10.0");
    }

    #[test]
    fn nobody_is_compared_with_itself_or_with_what_runs_elsewhere() {
        let contenders = [contender("base", "here"), contender("other", "there")];
        let results = results(vec![vec![1.0, 2.0]], &contenders);
        let ratio = Column::ratio("x base", "base", |figure| *figure);
        assert_eq!((ratio.cell(&results, 0), ratio.cell(&results, 1)), (String::new(), String::new()));
    }
}
