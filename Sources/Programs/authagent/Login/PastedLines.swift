/// The pasted lines that wait for the agent, which gets one after the other.
struct PastedLines {
    private var waiting: [String] = []
    private var isBusy = false

    /// A text of several lines was pasted: none of them is an address.
    private static let mostWaiting = 4

    /// Returns the line to hand over now, if there is one, and whether the line was dropped.
    mutating func add(_ line: String) -> (next: String?, isDropped: Bool) {
        guard isBusy else {
            isBusy = true
            return (line, false)
        }
        guard waiting.count < Self.mostWaiting else { return (nil, true) }
        waiting.append(line)
        return (nil, false)
    }

    /// The agent has answered: returns the next line to hand over.
    mutating func answered() -> String? {
        guard !waiting.isEmpty else {
            isBusy = false
            return nil
        }
        return waiting.removeFirst()
    }
}
