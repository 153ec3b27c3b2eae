import Audit
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct LineWriterTests {
    /// A sink that blocks until it is opened.
    private final class StuckSink: LineSink {
        let gate = DispatchSemaphore(value: 0)
        let begun = DispatchSemaphore(value: 0)
        let written = Mutex<[String]>([])
        let lost = Mutex(0)

        func write(_ lines: [UInt8], count: Int) {
            begun.signal()
            gate.wait()
            gate.signal()
            let text = String(decoding: lines, as: UTF8.self).split(separator: "\n").map(String.init)
            #expect(text.count == count)
            written.withLock { $0 += text }
        }

        func write(lost count: Int) { lost.withLock { $0 += count } }
    }

    @Test("a blocked reader delays no caller: lines without room are counted, important lines keep theirs")
    func stuck() {
        let sink = StuckSink()
        let writer = LineWriter(sink, label: "test")
        writer.add(.important) { Array("first\n".utf8) }
        sink.begun.wait()
        for _ in 0..<20_000 { writer.add(.routine) { Array("routine\n".utf8) } }
        writer.add(.important) { Array("important\n".utf8) }
        writer.flush(within: .milliseconds(1))
        sink.gate.signal()
        writer.flush(within: .seconds(20))
        let written = sink.written.withLock { $0 }
        #expect(written.first == "first")
        #expect(written.last == "important")
        let routine = written.filter { $0 == "routine" }.count
        #expect(routine + sink.lost.withLock { $0 } == 20_000)
        #expect((1000..<20_000).contains(routine))
    }

    @Test("lines are written in the order of their arrival, whatever their weight")
    func order() {
        let sink = StuckSink()
        sink.gate.signal()
        let writer = LineWriter(sink, label: "test")
        for number in 0..<5000 {
            writer.add(number.isMultiple(of: 7) ? .important : .routine) { Array("\(number)\n".utf8) }
        }
        writer.flush(within: .seconds(20))
        #expect(sink.written.withLock { $0 } == (0..<5000).map { "\($0)" })
    }
}
