/// What happens to one machine at one moment.
struct Event {
    enum Kind: UInt8 {
        /// A person starts a device login.
        case logIn
        case poll
        /// A login without requests: it was there before.
        case adopt
        /// A program requests a token.
        case ask
        /// The schedule renews.
        case renew
        /// The provider's reply arrives.
        case reply
    }

    var at: Moment
    var machine: Int32
    var kind: Kind
    /// The number of the machine's plan of this kind; an event of an earlier plan is void.
    var plan: UInt32 = 0
}

/// The events to come, as a binary heap with the earliest on top.
struct EventQueue {
    private var heap: [Event] = []

    mutating func push(_ event: Event) {
        var hole = heap.count
        heap.append(event)
        while hole > 0 {
            let parent = (hole - 1) / 2
            guard event.at < heap[parent].at else { break }
            heap[hole] = heap[parent]
            hole = parent
        }
        heap[hole] = event
    }

    /// Removes and returns the earliest event; `nil` if there is none before `end`.
    mutating func pop(before end: Moment) -> Event? {
        guard let first = heap.first, first.at < end, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        var hole = 0
        while true {
            var child = hole * 2 + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].at < heap[child].at { child += 1 }
            guard heap[child].at < last.at else { break }
            heap[hole] = heap[child]
            hole = child
        }
        heap[hole] = last
        return first
    }
}
