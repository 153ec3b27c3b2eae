import Formats
import Metrics
import TestSupport
import Testing

struct MetricsTextTests {
    @Test("a page follows Prometheus' text format")
    func text() {
        var page = MetricsText()
        page.add("a_total", .counter, "What \\ is\ncounted.", [.init(3), .init(0.5, [("k", "v"), ("l", "w")])])
        page.add("b", .gauge, "Odd.", [.init(.infinity), .init(-.infinity, [("k", "1")]), .init(.nan, [("k", "2")])])
        page.add("c", .gauge, "Nothing.", [])
        let lines = [
            #"# HELP a_total What \\ is\ncounted."#, "# TYPE a_total counter", "a_total 3",
            #"a_total{k="v",l="w"} 0.5"#, "# HELP b Odd.", "# TYPE b gauge", "b +Inf", #"b{k="1"} -Inf"#,
            #"b{k="2"} NaN"#,
        ]
        #expect(page.text == lines.joined(separator: "\n") + "\n")
    }

    @Test(
        "any text in a label is escaped, and Prometheus reads it back",
        arguments: ["\"", "\\", "\n", "a\"} 1\nb 2", "ä€😀"])
    func labels(value: String) async throws {
        var page = MetricsText()
        page.add("a_total", .counter, "Counted.", [.init(1, [("k", value)])])
        #expect(page.text.split(separator: "\n").count == 3)
        #expect(try await MetricsPage(page.text).complaints() == "")
    }

    @Test("the linter rejects a malformed page")
    func linter() async throws {
        var page = MetricsText()
        page.add("requests", .counter, "Counted.", 1)
        #expect(try await MetricsPage(page.text).complaints().contains("_total"))
        #expect(try await MetricsPage("a{").complaints() != "")
    }

    @Test("a histogram's buckets are cumulative, and its sum is in seconds")
    func histogram() async throws {
        var histogram = Histogram(bounds: [0.001, 0.01])
        for nanoseconds: UInt64 in [0, 1_000_000, 1_000_001, 10_000_000, 10_000_001, 3_000_000_000] {
            histogram.observe(nanoseconds: nanoseconds)
        }
        var page = MetricsText()
        page.add("a_seconds", "Took.", [([("k", "v")], histogram), ([("k", "w")], Histogram(bounds: [1]))])
        let read = MetricsPage(page.text)
        #expect(read[#"a_seconds_bucket{k="v",le="0.001"}"#] == 2)
        #expect(read[#"a_seconds_bucket{k="v",le="0.01"}"#] == 4)
        #expect(read[#"a_seconds_bucket{k="v",le="+Inf"}"#] == 6)
        #expect(read[#"a_seconds_count{k="v"}"#] == 6)
        #expect(read[#"a_seconds_sum{k="v"}"#] == 3.021000002 + 0.001)
        #expect(!page.text.contains("\"w\""))
        #expect(try await read.complaints() == "")
    }
}
