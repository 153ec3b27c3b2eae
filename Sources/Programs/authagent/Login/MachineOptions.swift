internal import AgentAPI
internal import ArgumentParser

/// The options of an account without a person, beside those of its client.
struct MachineOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "For --grant jwt_bearer: the assertion is in this file, which is read for each request.",
            valueName: "file"))
    var assertionFile: String?

    @Option(
        help: ArgumentHelp(
            "For --grant jwt_bearer: sign the assertion on behalf of this user, such as an e-mail address.",
            valueName: "who"))
    var assertionSubject: String?

    @Option(
        help: ArgumentHelp(
            "For --grant token_exchange: exchange the token in this file, which is read for each request.",
            valueName: "file"))
    var subjectTokenFile: String?

    @Option(
        help: ArgumentHelp(
            "For --grant token_exchange: what is exchanged, access_token, id_token or jwt.", valueName: "kind"))
    var subjectToken: String?

    @Option(
        help: ArgumentHelp(
            "For --grant token_exchange: what to request, such as access_token, jwt or a URI.", valueName: "type"))
    var requestedTokenType: String?

    func set(_ settings: inout LoginSettings) {
        settings.assertionFile = assertionFile.map(absolutePath)
        settings.assertionSubject = assertionSubject
        settings.subjectTokenFile = subjectTokenFile.map(absolutePath)
        settings.subjectToken = subjectToken
        settings.requestedTokenType = requestedTokenType
    }
}
