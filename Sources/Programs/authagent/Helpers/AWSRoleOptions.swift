internal import AgentAPI
internal import ArgumentParser

/// The role at AWS, of `helper aws` and `exec --aws`.
struct AWSRoleOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The 12 digits of the AWS account, with --role.", valueName: "id"))
    var accountID: String?

    @Option(help: ArgumentHelp("A role that IAM Identity Center assigns in that account.", valueName: "name"))
    var role: String?

    @Option(
        name: .customLong("role-arn"),
        help: ArgumentHelp("Or a role that trusts the issuer of the login's ID token.", valueName: "arn"))
    var roleARN: String?

    @Option(help: ArgumentHelp("With --role-arn: the name in the records of AWS.", valueName: "name"))
    var sessionName: String?

    @Option(help: ArgumentHelp("With --role-arn: the lifetime, from 900 to 43200.", valueName: "seconds"))
    var duration: Int?

    var isEmpty: Bool {
        accountID == nil && role == nil && roleARN == nil && sessionName == nil && duration == nil
    }

    /// The request, which is checked here: a mistake is an error of usage.
    func request() throws -> AWSCredentialsRequest {
        guard accountID != nil || role != nil || roleARN != nil else {
            throw ValidationError("--account-id ID and --role NAME, or --role-arn ARN, is missing")
        }
        var request = AWSCredentialsRequest(roleARN: "")
        (request.accountID, request.role, request.roleARN) = (accountID, role, roleARN)
        (request.sessionName, request.duration) = (sessionName, duration)
        do throws(AWSRole.Invalid) { _ = try request.validRole() } catch {
            let option = "--" + error.member.rawValue.map { $0 == "_" ? "-" : $0 }.map(String.init).joined()
            throw ValidationError("\(option) \(error.problem)")
        }
        return request
    }
}
