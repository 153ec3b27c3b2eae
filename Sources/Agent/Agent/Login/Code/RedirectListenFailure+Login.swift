internal import AgentAPI

extension RedirectListenFailure {
    func loginFailure(again: String) -> LoginFailure {
        let code = Problem.Code.configurationError.rawValue
        switch self {
        case .unavailable(let detail):
            return LoginFailure(code: code, detail: "cannot listen for the response: \(detail)", hint: again)
        case .portTaken(let port, let holder):
            let (owner, first) =
                switch holder {
                case .login(let account)?:
                    (
                        "the pending login of '\(account)' has it",
                        "finish or cancel that login, which 'authagent login \(account)' shows"
                    )
                case .program(let name, let pid)?: ("'\(name)' (pid \(pid)) has it", "end that program")
                case .user(let user)?: ("a program of user \(user) has it", "have that program ended")
                case nil: ("another program has it", "see 'ss -ltnp sport = :\(port)'")
                }
            return LoginFailure(
                code: code, detail: "cannot listen at port \(port) of the redirect URI: \(owner)",
                hint: "\(first), or choose another port for redirect_uri, or none, where the provider takes any")
        }
    }
}
