/// The limits for clients of the socket.
public enum Limits {
    /// Request line and header fields together, in bytes.
    public static let requestHead = 16 * 1024
    /// Request body, in bytes.
    public static let requestBody = 64 * 1024
    /// A client that does not finish its request within this time is disconnected.
    public static let requestTime: Duration = .seconds(10)
    /// Connections of all programs of one user; enough for 1,000 parallel jobs.
    public static let connectionsPerUser = 2_048
    /// The limit for answering a token request: covers one request to the provider (30 s) and one write to the keyring
    /// (5 s).
    public static let answerTime: Duration = .seconds(longestWait)
    /// In seconds: the largest value of `wait`.
    public static let longestWait: Int = 40
    /// In seconds. Enough for a program to send its token to a server, and for small clock differences.
    public static let defaultMinimumValidity: Int = 60
    /// The end of the year 9999, in seconds since 1970: the largest value of `newer_than`.
    public static let latestTime: Int = 253_402_300_799
    /// A day: a larger `min_valid` is a mistake in units.
    public static let largestMinimumValidity: Int = 86_400
}
