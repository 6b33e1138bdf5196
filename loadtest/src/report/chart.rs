//! Charts as inline SVG. They know numbers, and nothing of what they mean.

use maud::{Markup, html};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 34.0;
const BAR: f64 = 22.0;
/// Where bars begin: their names stand before.
const NAMES: f64 = 170.0;

/// A line with a name; its class gives the colour.
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// A mark on an axis.
pub struct Tick {
    pub at: f64,
    pub text: String,
}

/// An axis from `from` to `to`, as values or as their logarithms.
pub struct Axis {
    pub from: f64,
    pub to: f64,
    pub logarithmic: bool,
    pub ticks: Vec<Tick>,
}

impl Axis {
    /// From 0 to a little above `most`, with round marks.
    pub fn linear(most: f64, say: impl Fn(f64) -> String) -> Self {
        let step = round_step(most.max(1e-9) / 5.0);
        let to = (most / step).ceil().max(1.0) * step;
        let count = (to / step).round() as usize;
        let ticks = (0..=count).map(|index| index as f64 * step);
        Self {
            from: 0.0,
            to,
            logarithmic: false,
            ticks: ticks.map(|at| Tick { at, text: say(at) }).collect(),
        }
    }

    /// By powers of ten around what is shown.
    pub fn logarithmic(least: f64, most: f64, say: impl Fn(f64) -> String) -> Self {
        let low = least.max(0.1).log10().floor() as i32;
        let high = (most.max(1.0).log10().ceil() as i32).max(low + 1);
        let ticks = (low..=high).map(|power| 10_f64.powi(power));
        Self {
            from: 10_f64.powi(low),
            to: 10_f64.powi(high),
            logarithmic: true,
            ticks: ticks.map(|at| Tick { at, text: say(at) }).collect(),
        }
    }

    /// Between 0 and 1.
    fn place(&self, value: f64) -> f64 {
        let scale = |value: f64| match self.logarithmic {
            true => value.max(self.from).ln(),
            false => value,
        };
        let (from, to) = (scale(self.from), scale(self.to));
        ((scale(value) - from) / (to - from)).clamp(0.0, 1.0)
    }
}

/// 1, 2 or 5 times a power of ten, not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    steps
        .into_iter()
        .find(|step| *step >= least * 0.999_999)
        .unwrap_or(10.0 * power)
}

pub fn lines(title: &str, across: &Axis, up: &Axis, lines: &[Line]) -> Markup {
    let x = |value: f64| LEFT + across.place(value) * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - up.place(value) * (HEIGHT - TOP - BOTTOM);
    let path = |line: &Line| {
        let points = line
            .points
            .iter()
            .map(|(at, value)| format!("{:.1},{:.1}", x(*at), y(*value)));
        points.collect::<Vec<_>>().join(" ")
    };
    html! {
        figure {
            figcaption { (title) (legend(lines.iter().map(|line| line.name.as_str()))) }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(title) {
                @for tick in &up.ticks {
                    line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y(tick.at)) y2=(y(tick.at)) {}
                    text.tick x=(LEFT - 6.0) y=(y(tick.at) + 4.0) text-anchor="end" { (tick.text) }
                }
                @for tick in &across.ticks {
                    text.tick x=(x(tick.at)) y=(HEIGHT - BOTTOM + 18.0) text-anchor="middle" { (tick.text) }
                }
                @for (index, line) in lines.iter().enumerate() {
                    polyline class=(format!("line c{index}")) points=(path(line)) {}
                }
            }
        }
    }
}

/// Parts of a bar, one after the other.
pub struct Bar {
    pub name: String,
    pub parts: Vec<f64>,
    /// At its end.
    pub text: String,
}

pub fn bars(title: &str, parts: &[&str], bars: &[Bar]) -> Markup {
    let most = bars
        .iter()
        .map(|bar| bar.parts.iter().sum::<f64>())
        .fold(1e-9, f64::max);
    let height = bars.len() as f64 * BAR + 8.0;
    let wide = |value: f64| value / most * (WIDTH - NAMES - 90.0);
    let begins = |bar: &Bar, index: usize| NAMES + wide(bar.parts[..index].iter().sum());
    html! {
        figure {
            figcaption { (title) (legend(parts.iter().copied())) }
            svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(title) {
                @for (row, bar) in bars.iter().enumerate() {
                    @let top = row as f64 * BAR + 4.0;
                    text.tick x=(NAMES - 8.0) y=(top + 14.0) text-anchor="end" { (bar.name) }
                    @for (index, part) in bar.parts.iter().enumerate() {
                        rect class=(format!("c{index}")) x=(begins(bar, index)) y=(top) width=(wide(*part)) height=(BAR - 6.0) {}
                    }
                    text.tick x=(begins(bar, bar.parts.len()) + 6.0) y=(top + 14.0) { (bar.text) }
                }
            }
        }
    }
}

fn legend<'a>(names: impl Iterator<Item = &'a str>) -> Markup {
    html! {
        span.legend {
            @for (index, name) in names.enumerate() { span class=(format!("key c{index}")) { (name) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_marks_and_hold_what_is_shown() {
        let axis = Axis::linear(37.0, |value| value.to_string());
        let marks: Vec<f64> = axis.ticks.iter().map(|tick| tick.at).collect();
        assert_eq!(marks, [0.0, 10.0, 20.0, 30.0, 40.0]);
        let axis = Axis::logarithmic(3.0, 450.0, |value| value.to_string());
        let marks: Vec<f64> = axis.ticks.iter().map(|tick| tick.at).collect();
        assert_eq!(marks, [1.0, 10.0, 100.0, 1000.0]);
        assert!((axis.place(10.0) - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!(axis.place(1e9), 1.0);
        let nothing = Axis::linear(0.0, |value| value.to_string());
        assert!(nothing.to > 0.0);
    }
}
