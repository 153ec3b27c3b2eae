internal import JOSE

/// The warning at a login that the clocks of this machine and the provider differ.
struct ClockDifference {
    let text: String

    /// `nil` if ID tokens tolerate the difference. `lead` is how far this machine's clock is ahead, in seconds.
    init?(_ lead: Int) {
        guard lead.magnitude > IDTokenClaims.leeway else { return nil }
        let seconds = Int(clamping: lead.magnitude)
        let length = seconds < 120 ? "\(seconds) s" : "\((seconds + 30) / 60) min"
        text =
            "this machine's clock is \(length) \(lead > 0 ? "ahead of" : "behind") the provider's, so ID tokens may be"
            + " outside their validity period; set the clock, for example with 'timedatectl set-ntp true'"
    }
}
