package import System

/// A step of a set-up: what it is for, whether it is needed, and what it does.
package struct SetupStep: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
        /// A line for sh(1).
        case command(String)
        /// A new file, whole or not at all; never over another one.
        case file(path: String, mode: UInt32, text: String)
    }

    package enum State: Equatable, Sendable {
        case needed
        case done
        /// Only root can see whether it is done.
        case hidden
        /// It cannot be done, and nothing after it.
        case refused(Fault)
    }

    /// A verb and its object, as in "cannot TITLE: reason".
    package let title: String
    package var state: State
    package let actions: [Action]
    /// What to do if it fails.
    package let remedy: String
    /// What --undo has to know of it.
    package var records: [SetupRecord.Entry] = []

    package init(
        _ title: String, _ state: State, _ actions: [Action], remedy: String, records: [SetupRecord.Entry] = []
    ) {
        (self.title, self.state, self.actions) = (title, state, actions)
        (self.remedy, self.records) = (remedy, records)
    }
}

/// The steps of a set-up or of its removal, in their order.
package struct AgentSetupPlan: Equatable, Sendable {
    package var steps: [SetupStep] = []
    /// What stays as it is, and why.
    package var notes: [String] = []
    /// What the user does next.
    package var remarks: [String] = []

    package init() {}

    package func step(_ title: String) -> SetupStep? { steps.first { $0.title == title } }
}
