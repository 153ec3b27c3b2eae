internal import OAuth
internal import Vault

/// One agent with one account, and the programs that use it.
struct Machine {
    struct Refresh {
        var number: UInt32
        var sentAt: Moment
        var version: UInt64
        var answer: Provider.Answer
        /// A program waits for it.
        var isJoined: Bool
    }

    struct DeviceLogin {
        var polling: LoginPolling
        var approvedAt: Moment
    }

    var state = AccountState()
    let program: Program
    /// What the person at this machine is about to approve.
    var login: DeviceLogin?
    var refresh: Refresh?
    var refreshes: UInt32 = 0
    /// The plan of the next request for a token.
    var askPlan: UInt32 = 0
    var renewPlan: UInt32 = 0
    /// The moment of the planned renewal.
    var renewal: Moment?
    /// Whether a program has been given the token of memory.
    var isTokenUsed = false
    /// Since when a program has been refused.
    var refusedSince: Moment?
    /// Whether this machine wants a fresh token and has none.
    var isUnserved = false

    init(program: Program) { self.program = program }

    /// Whether this is so by now: after a failure that something will end, or before the first token.
    var lacksToken: Bool {
        let own = state.slots.own
        return own.token == nil || (own.failure != nil && (refusedSince != nil || own.isInUse))
    }
}
