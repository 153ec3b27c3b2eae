internal import AgentAPI
internal import AuthagentClient
internal import Formats

/// The exec plugin of kubectl and of the Kubernetes client libraries (client-go, `clientauthentication`).
enum KubectlHelper {
    static func run(_ arguments: HelperArguments) throws(Failure) {
        let options = try Options(arguments)
        guard let variable = Bytes(variable: ExecInfo.variable) else {
            // Clients before 1.20 set it only for version v1alpha1, and none of these knows v1.
            guard let name = options.account else {
                throw Failure(
                    "no account is named, and \(ExecInfo.variable) is not set",
                    hint: "give the account's name as an argument, or set 'provideClusterInfo: true' in the kubeconfig",
                    code: .usage)
            }
            return try answer(TokenQuery(account: name), options, .v1beta1)
        }
        let info = try ExecInfo(variable)
        try info.withSubject(named: options.account) { query throws(Failure) in
            guard query.audience == nil || !options.isIDToken else {
                throw Failure(
                    "the cluster's configuration has an audience, which an ID token cannot be requested for",
                    hint: "remove '--id-token' or 'audience' in the kubeconfig", code: .usage)
            }
            try answer(query, options, info.version)
        }
    }

    private struct Options {
        private(set) var account: Bytes?
        private(set) var isIDToken = false

        init(_ arguments: HelperArguments) throws(Failure) {
            for index in 0..<arguments.count {
                let argument = arguments[index]
                if argument.equals("--id-token") {
                    isIDToken = true
                } else if argument.first != UInt8(ascii: "-"), account == nil {
                    account = argument
                } else {
                    throw Helper.misuse("unexpected argument '\(argument.text)'")
                }
            }
        }
    }

    private static func answer(
        _ query: TokenQuery, _ options: Options, _ version: ExecInfo.Version
    ) throws(Failure) {
        var query = query
        query.includesIDToken = options.isIDToken
        let connection = try HelperConnection()
        var calls: RecentCall?
        query.request.withBytes { calls = RecentCall(of: $0, for: Bytes(variable: ExecInfo.variable)) }
        var refused: Refused?
        try connection.token(query) { answer throws(Failure) in
            if calls?.isRepeated(expiry: answer.expiry) == true { refused = Refused(answer) }
            guard refused == nil else { return }
            print(answer, version)
            calls?.remember(expiry: answer.expiry)
        }
        guard let refused else { return }
        let target = try self.target(query.audience)
        // A client runs the plugin again after a 401. What is refused here is served in any case.
        _ = try? connection.ask(
            .rejectToken(refused.account, TokenRejection(of: target, tokenSHA256: refused.digest)))
        try connection.token(query) { answer throws(Failure) in
            print(answer, version)
            calls?.remember(expiry: answer.expiry)
        }
    }

    /// The token that a client has got before.
    private struct Refused {
        let account: AccountName
        let digest: String

        init?(_ answer: TokenAnswer) {
            guard let account = answer["account"]?.text.flatMap({ AccountName($0) }) else { return nil }
            self.account = account
            digest = answer.withAccessToken(TokenDigest.sha256)
        }
    }

    private static func target(_ audience: Bytes?) throws(Failure) -> TokenTarget? {
        do throws(TokenTarget.Invalid) {
            return try TokenTarget(audience: audience?.text)
        } catch {
            throw Failure("the audience \(error.problem)", hint: "correct 'audience' in the kubeconfig", code: .usage)
        }
    }

    /// client-go compares the expiry exactly, and a request takes time.
    private static let margin = 10

    private static func print(_ answer: TokenAnswer, _ version: ExecInfo.Version) {
        var json = RawBytes(capacity: 2048)
        json.append(literal: "{\"apiVersion\":\"")
        json.append(literal: version.name)
        json.append(literal: "\",\"kind\":\"ExecCredential\",\"status\":{")
        if let expiry = answer.expiry {
            json.append(literal: "\"expirationTimestamp\":\"")
            json.append(time: max(0, expiry - margin))
            json.append(literal: "\",")
        }
        json.append(literal: "\"token\":\"")
        answer.appendQuotedToken(to: &json)
        json.append(literal: "\"}}\n")
        json.withBytes(Console.print(line:))
    }
}
