public import AgentAPI
internal import OAuth

/// The audience and resources of a login's tokens.
extension AccountSettings {
    public var audience: String? { keys.audience }
    public var resources: [String] { keys.resources ?? [] }

    /// Both as a target; `nil` if the account names neither.
    public var place: TokenTarget? { try? TokenTarget(resources: resources, audience: audience) }

    static func checkTarget(_ keys: AccountKeys, encoding: RequestEncoding) throws(Invalid) {
        let target: TokenTarget?
        do throws(TokenTarget.Invalid) {
            target = try TokenTarget(resources: keys.resources ?? [], audience: keys.audience)
        } catch {
            let isAudience = error.parameter == .audience
            throw Invalid(
                key: isAudience ? "audience" : "resources",
                problem: "the \(error.parameter.rawValue) \(error.problem)",
                hint: isAudience
                    ? "give the audience as the provider names it"
                    : "give absolute URIs without a fragment, such as https://api.example.com/"
            )
        }
        guard target == nil || encoding.takesTarget else {
            throw Invalid(
                key: keys.audience == nil ? "resources" : "audience",
                problem: "this provider supports neither audience nor resources",
                hint: "leave it out"
            )
        }
    }
}
