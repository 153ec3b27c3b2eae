internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

/// `authagent helper aws`: what a `credential_process` of the AWS CLI and SDKs prints (AWS SDKs and Tools Reference
/// Guide, "Process credential provider"). An exit code other than 0 makes what is on standard error the message.
struct AWSHelperCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "aws",
        abstract: "Print credentials of a role at AWS, for credential_process.",
        discussion: """
            In ~/.aws/config: credential_process = /usr/bin/authagent helper aws NAME --account-id ID --role NAME
            The agent keeps the credentials in memory, and renews them 15 minutes before they end.
            """
    )

    @Argument(help: "The account's name.", transform: AccountName.argument)
    var account: AccountName

    @OptionGroup var role: AWSRoleOptions

    func validate() throws { _ = try role.request() }

    func run() throws {
        let reply = try AgentConnection.open().ask(.awsCredentials(account, try role.request()))
        Console.print(APIJSON.text(fixed: ProcessCredentials(reply)))
    }
}

/// The output of a `credential_process`.
private struct ProcessCredentials: Encodable {
    let reply: AWSCredentialsReply

    init(_ reply: AWSCredentialsReply) { self.reply = reply }

    private enum CodingKeys: String, CodingKey {
        case version = "Version"
        case accessKeyID = "AccessKeyId"
        case secretAccessKey = "SecretAccessKey"
        case sessionToken = "SessionToken"
        case expiration = "Expiration"
        case accountID = "AccountId"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(1, forKey: .version)
        try container.encode(reply.accessKeyID, forKey: .accessKeyID)
        try container.encode(reply.secretAccessKey, forKey: .secretAccessKey)
        try container.encode(reply.sessionToken, forKey: .sessionToken)
        // Without it, the credentials would be used until the program ends.
        try container.encode(reply.expiration, forKey: .expiration)
        try container.encodeIfPresent(reply.accountID, forKey: .accountID)
    }
}
