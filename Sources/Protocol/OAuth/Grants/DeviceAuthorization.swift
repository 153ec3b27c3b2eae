internal import Formats
public import SecretMemory

/// A device authorization response (RFC 8628 §3.2). All but the device code may be shown.
public struct DeviceAuthorization: Sendable {
    public var deviceCode: SecretBytes
    /// Show it unchanged: some servers compare case.
    public var userCode: String
    /// A complete ASCII URL without user information, so that the host is evident. RFC 8628 does not require https, and
    /// installations in an internal network use http.
    public var verificationURI: String
    /// Contains the user code, for a QR code or a link.
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
    /// `expires_in` is required, but Salesforce omits it; other servers send 5 to 30 minutes.
    private static let defaultLifetime = 600
    /// No login takes longer than a day; Hydra's tests send nanoseconds.
    private static let maximumLifetime = 86_400
    /// RFC 8628 §6.1 recommends 8; the longest known code has 11.
    private static let maximumUserCodeLength = 64

    /// Reads the member names of RFC 8628, of its early drafts (`url`: Google and others) and AWS's camelCase.
    ///
    /// `origin` is the issuer's, for a server that sends a relative verification URI.
    package init(_ fields: ReplyFields, origin: String? = nil) throws(OAuthFailure) {
        let code: JSONValue?
        let shown: (userCode: String?, uri: String?, complete: String?)
        do throws(ReplyFields.Ambiguity) {
            code = try fields.single("device_code", "deviceCode")
            shown = (
                try fields.single("user_code", "userCode")?.text,
                try fields.single("verification_uri", "verification_url", "verificationUri", "verificationUrl")?.text,
                try fields.single(
                    "verification_uri_complete", "verification_url_complete", "verificationUriComplete",
                    "verificationUrlComplete"
                )?.text
            )
        } catch {
            throw .badResponse(detail: error.description)
        }
        // Facebook sends `code`, Codex's server `device_auth_id`; their polls differ, too.
        if code == nil, shown.userCode != nil {
            throw .deviceFlowUnsupported(
                detail: "the server sends a user code without a device code, so it does not speak RFC 8628"
            )
        }
        let printable: (UInt8) -> Bool = { $0.isVisible || $0 == 0x20 }
        guard let deviceCode = TokenGrant.secret(code, allowing: printable) else {
            throw .badResponse(detail: "the server sends no usable device code")
        }
        guard let userCode = shown.userCode, userCode.utf8.count <= Self.maximumUserCodeLength,
            DisplayText.clean(userCode) == userCode
        else { throw .badResponse(detail: "the server sends no usable user code") }
        let complete = shown.complete.flatMap { try? VerificationAddress.read($0, origin: origin) }
        let uri: String
        if let text = shown.uri {
            do throws(URLRejection) { uri = try VerificationAddress.read(text, origin: origin) } catch {
                guard let complete else {
                    throw .badResponse(detail: "the server's verification URI cannot be shown: \(error)")
                }
                uri = complete
            }
        } else {
            guard let complete else { throw .badResponse(detail: "the server sends no verification URI") }
            uri = complete
        }
        self.init(
            deviceCode: deviceCode,
            userCode: userCode,
            verificationURI: uri,
            verificationURIComplete: complete,
            expiresIn: fields.seconds("expires_in", "expiresIn", atMost: Self.maximumLifetime) ?? Self.defaultLifetime,
            interval: fields.pollingInterval ?? Self.defaultInterval
        )
    }

    /// Reads the reply to a device authorization request.
    package init(_ reply: ProviderReply, origin: String? = nil) throws(OAuthFailure) {
        // The error of an overloaded server counts only if its code is known.
        if let error = reply.error, reply.status < 500, error.known != nil || !reply.isTemporary {
            if error.meaning == .notNow { throw .transport(.unreachable(reply.summary)) }
            throw .provider(error)
        }
        if [404, 405, 501].contains(reply.status) {
            throw .deviceFlowUnsupported(detail: "there is no device authorization endpoint: \(reply.summary)")
        }
        if reply.isTemporary { throw .transport(.unreachable(reply.summary)) }
        guard reply.isSuccess else { throw .badResponse(detail: reply.summary) }
        guard let fields = reply.body.fields else { throw .badResponse(detail: reply.content) }
        try self.init(fields, origin: origin)
    }
}

extension ReplyFields {
    /// From 1 s to 5 minutes, which real servers do not exceed. HashiCorp Vault sends `poll_interval`. Rounded up: RFC
    /// 8628 §3.5 defines it as the minimum wait.
    var pollingInterval: Int? { seconds("interval", "poll_interval", atMost: 300, rounded: .up) }
}
