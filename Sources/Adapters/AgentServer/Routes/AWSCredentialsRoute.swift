internal import AgentAPI
internal import Policy

/// Requests for credentials of roles at AWS.
extension Router {
    func awsAccess(_ account: AccountName, _ request: APIRequest) throws(Problem) -> AccessRequest {
        _ = try QueryParameters(request.query, allowed: [])
        return AccessRequest(of: try awsRole(request), on: account)
    }

    func awsCredentials(_ account: AccountName, _ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            .json(try await service.awsCredentials(account, try awsRole(routed.request), within: routed.limits))
        }
    }

    private func awsRole(_ request: APIRequest) throws(Problem) -> AWSRole {
        let asked = try requiredBody(request, AWSCredentialsRequest.self)
        do throws(AWSRole.Invalid) { return try asked.validRole() } catch {
            throw Problem(
                .badRequest, "\(error.member.rawValue) \(error.problem)",
                hint: "see POST …/aws-credentials in authagent-api(7)")
        }
    }
}
