/// The body of `POST /v1/accounts/{account}/aws-credentials`: `accountID` and `role`, or `roleARN`.
public struct AWSCredentialsRequest: Codable, Equatable, Sendable {
    public var accountID: String?
    /// The name of the role at IAM Identity Center, that of the permission set.
    public var role: String?
    public var roleARN: String?
    /// With `roleARN`: the name under which AWS records what is done with the credentials.
    public var sessionName: String?
    /// With `roleARN`: the lifetime of the credentials in seconds.
    public var duration: Int?

    public init(accountID: String, role: String) {
        self.accountID = accountID
        self.role = role
    }

    public init(roleARN: String, sessionName: String? = nil, duration: Int? = nil) {
        self.roleARN = roleARN
        self.sessionName = sessionName
        self.duration = duration
    }

    public enum CodingKeys: String, CodingKey, Sendable {
        case accountID = "account_id"
        case role
        case roleARN = "role_arn"
        case sessionName = "session_name"
        case duration
    }

    /// Returns the role, if the request names exactly one.
    public func validRole() throws(AWSRole.Invalid) -> AWSRole {
        guard let roleARN else { return try assigned() }
        for (member, isGiven) in [(CodingKeys.accountID, accountID != nil), (.role, role != nil)] where isGiven {
            throw AWSRole.Invalid(member: member, problem: "excludes role_arn")
        }
        guard AWSRole.isARN(roleARN) else {
            throw AWSRole.Invalid(
                member: .roleARN, problem: "is not the ARN of a role, as arn:aws:iam::123456789012:role/NAME")
        }
        if let sessionName, !AWSRole.isName(sessionName, in: 2...64) {
            throw AWSRole.Invalid(
                member: .sessionName, problem: "is not 2 to 64 letters, digits and characters of '_+=,.@-'")
        }
        if let duration, !AWSRole.durations.contains(duration) {
            throw AWSRole.Invalid(
                member: .duration,
                problem: "is not from \(AWSRole.durations.lowerBound) to \(AWSRole.durations.upperBound) seconds")
        }
        return .trusting(arn: roleARN, sessionName: sessionName, duration: duration)
    }

    private func assigned() throws(AWSRole.Invalid) -> AWSRole {
        for (member, isGiven) in [(CodingKeys.sessionName, sessionName != nil), (.duration, duration != nil)]
        where isGiven {
            throw AWSRole.Invalid(member: member, problem: "needs role_arn")
        }
        guard let accountID, AWSRole.isAccount(accountID) else {
            throw AWSRole.Invalid(
                member: .accountID, problem: accountID == nil ? "is missing, as role_arn is" : "is not 12 digits")
        }
        guard let role, AWSRole.isName(role, in: 1...64) else {
            throw AWSRole.Invalid(
                member: .role,
                problem: role == nil
                    ? "is missing" : "is not 1 to 64 letters, digits and characters of '_+=,.@-'")
        }
        return .assigned(role: role, account: accountID)
    }
}

/// The reply of `POST /v1/accounts/{account}/aws-credentials`: credentials of a role, which end by themselves.
public struct AWSCredentialsReply: Codable, Equatable, Sendable {
    public var accessKeyID: String
    public var secretAccessKey: String
    public var sessionToken: String
    /// The end in AWS's time, as `2026-11-30T12:00:00Z` (RFC 3339).
    public var expiration: String
    /// The same in seconds since 1970.
    public var expiresAt: Int
    /// The AWS account that the role belongs to.
    public var accountID: String?

    public init(
        accessKeyID: String, secretAccessKey: String, sessionToken: String, expiration: String, expiresAt: Int,
        accountID: String?
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiration = expiration
        self.expiresAt = expiresAt
        self.accountID = accountID
    }

    enum CodingKeys: String, CodingKey {
        case accessKeyID = "access_key_id"
        case secretAccessKey = "secret_access_key"
        case sessionToken = "session_token"
        case expiration
        case expiresAt = "expires_at"
        case accountID = "account_id"
    }
}
