internal import AgentAPI
internal import AuthagentClient
internal import Formats
internal import Glibc

/// The executable of Google's `external_account` credentials. Google's library joins standard error to standard output,
/// so failures are JSON on standard output too, with exit code 0: with another the library shows no reason.
enum GoogleHelper {
    private static let idToken: StaticString = "urn:ietf:params:oauth:token-type:id_token"
    private static let jwt: StaticString = "urn:ietf:params:oauth:token-type:jwt"

    static func run(_ arguments: HelperArguments) {
        do throws(Failure) {
            guard arguments.count == 1 else {
                throw Helper.misuse("give the account's name as the only argument")
            }
            guard Bytes(variable: "GOOGLE_EXTERNAL_ACCOUNT_REVOKE")?.equals("1") != true else {
                throw Failure("this login is not ended here", hint: "run 'authagent logout \(arguments[0].text)'")
            }
            try answer(arguments[0])
        } catch {
            printFailure(error)
        }
    }

    private static func answer(_ account: Bytes) throws(Failure) {
        let type = Bytes(variable: "GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE")
        let isJWT = type?.equals(jwt) == true
        guard isJWT || type.map({ $0.equals(idToken) }) ?? true else {
            throw Failure(
                "cannot give a subject token of the type '\(type?.text ?? "")'",
                hint: "set 'subject_token_type' to \(idToken) in the credential configuration")
        }
        var query = try TokenQuery(account: account)
        query.minimumValidity = 300
        query.includesIDToken = true
        let connection = try HelperConnection()
        do throws(Failure) {
            try connection.token(query) { answer throws(Failure) in print(answer, isJWT ? jwt : idToken) }
        } catch {
            // A pool may trust the access tokens of a provider, which are JWTs there.
            guard isJWT, error.problemCode == "no_id_token" else { throw error }
            query.includesIDToken = false
            try connection.token(query) { answer throws(Failure) in print(answer, jwt) }
        }
    }

    private static func print(_ answer: TokenAnswer, _ type: StaticString) {
        var json = RawBytes(capacity: 2048)
        json.append(literal: "{\"version\":1,\"success\":true,\"token_type\":\"")
        json.append(literal: type)
        json.append(literal: "\",\"id_token\":\"")
        answer.appendQuotedToken(to: &json)
        json.append(literal: "\"")
        if let expiry = answer.expiry {
            json.append(literal: ",\"expiration_time\":")
            json.append(number: expiry)
        }
        json.append(literal: "}\n")
        json.withBytes(Console.print(line:))
    }

    private static func printFailure(_ failure: Failure) {
        var json = RawBytes(capacity: 512)
        json.append(literal: "{\"version\":1,\"success\":false,\"code\":")
        json.append(json: failure.problemCode)
        json.append(literal: ",\"message\":")
        json.append(json: Console.line(failure))
        json.append(literal: "}\n")
        json.withBytes(Console.print(line:))
    }
}
