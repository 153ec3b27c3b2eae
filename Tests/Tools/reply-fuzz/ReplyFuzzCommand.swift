import ArgumentParser
import ReplyCorpus

/// Reads many damaged and hostile replies. A trap ends it with a signal, a violated invariant with status 1.
@main
struct ReplyFuzzCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reply-fuzz",
        abstract: "Reads mutated replies of authorization servers and checks what is made of them.",
        discussion: "The same seed gives the same replies, so a failure is repeated by its seed and number."
    )

    @Option(help: "How many replies to read.")
    var count = 1_000_000

    @Option(help: "Where the sequence starts.")
    var seed: UInt64 = 8628

    func run() throws {
        var mutator = ReplyMutator(seed: seed)
        var bytes = 0
        var failures = 0
        let clock = ContinuousClock()
        let start = clock.now
        for number in 1...max(count, 1) {
            let reply = mutator.next()
            bytes += reply.body.count
            let reading = ReplyReading(status: reply.status, retryAfter: reply.retryAfter, body: reply.body)
            var violation = reading.violation
            // A second reading takes as long as the first, so only some replies get one.
            if violation == nil, number % 16 == 0 {
                let again = ReplyReading(status: reply.status, retryAfter: reply.retryAfter, body: reply.body)
                if again.digest != reading.digest { violation = "one reply is read in two ways" }
            }
            guard let violation else { continue }
            failures += 1
            print("reply \(number) of seed \(seed): \(violation)")
            print("status \(reply.status): \(String(decoding: reply.body, as: UTF8.self).debugDescription)")
            if failures == 10 { break }
        }
        print("\(count) replies, \(bytes) bytes, seed \(seed), \(clock.now - start): \(failures) failures")
        if failures > 0 { throw ExitCode.failure }
    }
}
