internal import AuthagentClient
internal import Formats

/// `terraform-credentials-authagent`, the credentials helper of Terraform and OpenTofu.
enum TerraformHelper {
    static func run(_ arguments: HelperArguments) throws(Failure) {
        // The 'args' of the configuration come first.
        let verb = arguments[arguments.count - 2]
        guard arguments.count >= 2, verb.equals("get") || verb.equals("store") || verb.equals("forget") else {
            throw Helper.misuse("give 'get', 'store' or 'forget', and a host")
        }
        if verb.equals("store") {
            _ = try HelperInput.all()
            throw Failure("no tokens are stored here", hint: "run 'authagent login NAME'")
        }
        if verb.equals("forget") {
            throw Failure("no tokens are stored here", hint: "run 'authagent logout NAME'")
        }
        try HelperURL.ofService(arguments[arguments.count - 1]) { url throws(Failure) in
            do throws(Failure) {
                try HelperConnection().token(TokenQuery(.url(url))) { answer throws(Failure) in
                    var json = RawBytes(capacity: 2048)
                    json.append(literal: "{\"token\":\"")
                    answer.appendQuotedToken(to: &json)
                    json.append(literal: "\"}\n")
                    json.withBytes(Console.print(line:))
                }
            } catch let failure where failure.isNoAccount {
                Console.print("{}")
            }
        }
    }
}
