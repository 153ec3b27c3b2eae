public import SecretMemory

/// A device authorization response (RFC 8628 §3.2). All but the device code is for people to see.
public struct DeviceAuthorization: Sendable {
    public var deviceCode: SecretBytes
    /// To be shown as it is: some servers compare case.
    public var userCode: String
    /// Complete, ASCII and without user information, so that it shows where it leads. Mostly https; RFC 8628 does not
    /// demand it, and installations inside a network use http.
    public var verificationURI: String
    /// Includes the user code, for a QR code or a link.
    public var verificationURIComplete: String?
    /// Seconds.
    public var expiresIn: Int
    /// Seconds to wait before each poll.
    public var interval: Int

    public init(
        deviceCode: SecretBytes, userCode: String, verificationURI: String, verificationURIComplete: String? = nil,
        expiresIn: Int, interval: Int = DeviceAuthorization.defaultInterval
    ) {
        self.deviceCode = deviceCode
        self.userCode = userCode
        self.verificationURI = verificationURI
        self.verificationURIComplete = verificationURIComplete
        self.expiresIn = expiresIn
        self.interval = interval
    }

    /// RFC 8628 §3.2.
    public static let defaultInterval = 5
}

extension DeviceAuthorization {
    /// `expires_in` is required, but Salesforce leaves it out; others give 5 to 30 minutes.
    private static let defaultLifetime = 600
    /// Nobody waits longer than a day; Hydra's tests send nanoseconds.
    private static let maximumLifetime = 86_400
    /// RFC 8628 §6.1 recommends 8; the longest known one has 11.
    private static let maximumUserCodeLength = 64

    package init(_ fields: ReplyFields) throws(OAuthFailure) {
        let printable: (UInt8) -> Bool = { $0.isVisible || $0 == 0x20 }
        guard let deviceCode = TokenGrant.secret(fields["device_code"], allowing: printable) else {
            throw .badResponse(detail: "the server sends no usable device code")
        }
        guard let userCode = fields.text("user_code"), userCode.utf8.count <= Self.maximumUserCodeLength,
            DisplayText.clean(userCode) == userCode
        else { throw .badResponse(detail: "the server sends no usable user code") }
        // Google and all who follow its early draft say `url`.
        guard let uri = fields.text("verification_uri", "verification_url") else {
            throw .badResponse(detail: "the server sends no verification URI")
        }
        do throws(URLRejection) { _ = try WebURL(uri) } catch {
            throw .badResponse(detail: "the server's verification URI cannot be shown: \(error)")
        }
        let complete = fields.text("verification_uri_complete", "verification_url_complete")
        self.init(
            deviceCode: deviceCode,
            userCode: userCode,
            verificationURI: uri,
            verificationURIComplete: complete.flatMap { (try? WebURL($0)) == nil ? nil : $0 },
            expiresIn: fields.seconds("expires_in", atMost: Self.maximumLifetime) ?? Self.defaultLifetime,
            interval: fields.pollingInterval ?? Self.defaultInterval
        )
    }

    /// The reply to a device authorization request.
    package init(_ reply: ProviderReply) throws(OAuthFailure) {
        if let error = reply.error, reply.status < 500 { throw .provider(error) }
        if [404, 405, 501].contains(reply.status) {
            throw .deviceFlowUnsupported(detail: "there is no device authorization endpoint: \(reply.summary)")
        }
        if reply.isTemporary { throw .transport(.unreachable(reply.summary)) }
        guard reply.isSuccess else { throw .badResponse(detail: reply.summary) }
        guard let fields = reply.body.fields else { throw .badResponse(detail: reply.content) }
        try self.init(fields)
    }
}

extension ReplyFields {
    /// At least 1 s and at most 5 minutes, which no server that means it exceeds.
    var pollingInterval: Int? { seconds("interval", atMost: 300) }
}
