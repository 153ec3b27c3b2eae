import ReplyCorpus
import Testing

/// A short run of `packaging/dev/fuzz-replies`. It yields after each reply, because other tests are time-critical.
@Suite struct MutationTests {
    @Test("no reply, however damaged or hostile, is read into anything unsafe", arguments: [8628, 6749] as [UInt64])
    func hostileReplies(seed: UInt64) async {
        var mutator = ReplyMutator(seed: seed)
        for number in 1...1_500 {
            await Task.yield()
            let reply = mutator.next()
            let reading = ReplyReading(status: reply.status, retryAfter: reply.retryAfter, body: reply.body)
            if let violation = reading.violation {
                Issue.record("reply \(number): \(violation) in \(String(decoding: reply.body, as: UTF8.self))")
            }
        }
    }

    @Test("the same reply is always read in the same way")
    func determinism() async {
        var mutator = ReplyMutator(seed: 1)
        for _ in 1...500 {
            await Task.yield()
            let reply = mutator.next()
            let readings = (0..<2).map { _ in
                ReplyReading(status: reply.status, retryAfter: reply.retryAfter, body: reply.body).digest
            }
            #expect(readings[0] == readings[1])
        }
    }

    @Test("the same seed gives the same replies, so that a failure can be repeated")
    func repeatable() {
        var first = ReplyMutator(seed: 7)
        var second = ReplyMutator(seed: 7)
        for _ in 1...1_000 { #expect(first.next() == second.next()) }
    }
}
