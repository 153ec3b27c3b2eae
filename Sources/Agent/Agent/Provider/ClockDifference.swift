internal import JOSE

/// What a login says of clocks that disagree, before a person approves it.
struct ClockDifference {
    let text: String

    /// `nil` for a difference that ID tokens tolerate. `lead` is that of this machine's clock, in seconds.
    init?(_ lead: Int) {
        guard lead.magnitude > IDTokenClaims.leeway else { return nil }
        let seconds = Int(clamping: lead.magnitude)
        let length = seconds < 120 ? "\(seconds) s" : "\((seconds + 30) / 60) min"
        text =
            "this machine's clock is \(length) \(lead > 0 ? "ahead of" : "behind") the provider's, so ID tokens may be"
            + " out of their time; set the clock, for example with 'timedatectl set-ntp true'"
    }
}
