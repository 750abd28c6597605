//! A metric with its samples, before it is written in the text format of Prometheus.

/// A metric. All of ours are gauges: they say how it is now, and each process reads that anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// `onerescue_leads`
    pub name: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// None where there is nothing to say.
    pub samples: Vec<Gauge>,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gauge {
    /// Names and values; values may hold anything.
    pub labels: Vec<(&'static str, String)>,
    /// Whole numbers are enough: seconds, moments, counts.
    pub value: i64,
}

impl Family {
    /// A metric with one value and no label.
    #[must_use]
    pub fn one(name: &'static str, help: &'static str, value: i64) -> Self {
        Self { name, help, samples: vec![Gauge { labels: Vec::new(), value }] }
    }

    /// A metric with these.
    #[must_use]
    pub fn many(name: &'static str, help: &'static str, samples: impl IntoIterator<Item = Gauge>) -> Self {
        Self { name, help, samples: samples.into_iter().collect() }
    }
}

impl Gauge {
    /// With one label.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "an id or a word, as the caller has it")]
    pub fn with(label: &'static str, of: impl ToString, value: i64) -> Self {
        Self { labels: vec![(label, of.to_string())], value }
    }

    /// And one more.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "an id or a word, as the caller has it")]
    pub fn and(mut self, label: &'static str, of: impl ToString) -> Self {
        self.labels.push((label, of.to_string()));
        self
    }
}
