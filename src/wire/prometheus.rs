//! The text format of Prometheus, version 0.0.4, as the textfile collector of `node_exporter` reads it.
//!
//! It is written here because the crate for it, `prometheus-client`, writes the other format, `OpenMetrics`: the collector
//! refuses its `info` type and its `# EOF`. The format is: HELP and TYPE once for each metric, no time stamps, and `\`, `"`
//! and line breaks with a backslash. Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use crate::model::{Family, Gauge};
use std::fmt::Write as _;

/// Metrics in their order; also those without a value, so that whoever reads it sees all there may be.
///
/// ```
/// # use onerescue::model::{Family, Gauge};
/// # use onerescue::wire::prometheus::text;
/// let device = Gauge::with("one_host_id", 7, 1).and("device", "a\"b\\c\n");
/// let family = Family::many("onerescue_device_answers", "1 if it answers.", [device]);
/// assert_eq!(text(&[family]), concat!(
///     "# HELP onerescue_device_answers 1 if it answers.\n",
///     "# TYPE onerescue_device_answers gauge\n",
///     "onerescue_device_answers{one_host_id=\"7\",device=\"a\\\"b\\\\c\\n\"} 1\n",
/// ));
/// ```
#[must_use]
pub fn text(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families {
        let Family { name, help, samples } = family;
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        for Gauge { labels, value } in samples {
            let labels: Vec<_> =
                labels.iter().map(|(name, of)| format!("{name}=\"{}\"", escaped(of))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    }
    text
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
