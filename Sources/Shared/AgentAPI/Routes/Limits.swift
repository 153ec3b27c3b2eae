/// The bounds that the agent puts on whoever speaks to its socket.
public enum Limits {
    /// Request line and header fields together, in bytes.
    public static let requestHead = 16 * 1024
    /// Request body, in bytes.
    public static let requestBody = 64 * 1024
    /// A client that has not finished sending its request by then is disconnected.
    public static let requestTime: Duration = .seconds(10)
    /// One user's programs may hold this many connections; enough for 1,000 parallel jobs.
    public static let connectionsPerUser = 2_048
    /// A token request is answered within this time, whatever the provider and the keyring do: it covers one request
    /// to the provider (30 s) and one write to the keyring (5 s).
    public static let answerTime: Duration = .seconds(longestWait)
    /// Seconds: the most that `wait` may ask for.
    public static let longestWait: Int = 40
    /// Seconds. Enough for a program to get its token to a server and for the clocks of both to differ a little.
    public static let defaultMinimumValidity: Int = 60
    /// A day: a larger `min_valid` is a mistake in units.
    public static let largestMinimumValidity: Int = 86_400
}
