internal import AgentAPI

/// 'authagent login NAME --paste': gives a pending login the address that the browser ended at, and prints what became
/// of it.
struct PasteReport {
    private let handover: ResponseHandover
    private let isJSON: Bool

    init(_ handover: ResponseHandover, asJSON isJSON: Bool) { (self.handover, self.isJSON) = (handover, isJSON) }

    func run() throws {
        let reply = try handover.give(try PastedInput.read())
        if isJSON {
            Console.print(APIJSON.text(fixed: reply))
        } else if reply.accepted {
            if let detail = reply.detail { Console.note(detail) }
            Console.print("accepted")
        }
        guard reply.accepted else {
            throw Failure(
                "the login of '\(handover.account)' has not accepted it: \(reply.detail ?? ResponseHandover.foreign)",
                hint: "the login goes on; copy the whole address that the browser ended at, and try again")
        }
    }
}
