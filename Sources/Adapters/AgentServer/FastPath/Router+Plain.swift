internal import AgentAPI
internal import Policy

extension Router {
    /// Answers a plain request with a token from memory; `nil` if that is not possible or not allowed, and then nothing
    /// has been decided, counted or marked as used.
    func plainAnswer(_ ask: TokenAsk, _ identity: any CallerIdentity) -> Reply? {
        guard let caller = gate.plainCaller(ask.access, identity) else { return nil }
        var admission: Admission?
        let token = service.cachedToken(ask.account, minimumValidity: ask.request.minimumValidity) {
            admission = gate.admitPlain(ask.access, caller)
            return admission != nil
        }
        guard let token, let admission else { return nil }
        gate.concludePlain(admission)
        return ask.isText ? .text(token.accessToken) : .json(token)
    }
}

extension AccessGate {
    /// Returns the caller if the rules allow it the request without a bound or a confirmation, by facts at hand;
    /// otherwise `nil`. Takes nothing from a rate budget, and audits nothing.
    func plainCaller(_ request: AccessRequest, _ identity: any CallerIdentity) -> Caller? {
        guard let caller = try? identity.callerAtOnce(access.audit.facts) else { return nil }
        return access.rules.allowsPlainly(request, for: caller, known: access.audit.facts) ? caller : nil
    }

    /// Decides a request of such a caller; `nil` if the rules have changed or its rate is exhausted.
    func admitPlain(_ request: AccessRequest, _ caller: Caller) -> Admission? {
        let known = access.audit.facts
        guard case .verdict(let verdict) = access.rules.decide(request, for: caller, known: known),
            verdict.outcome == .allowed(nil), verdict.confirm == nil
        else { return nil }
        return try? admission(verdict, caller, request, known)
    }

    func concludePlain(_ admission: Admission) { audit(admission.record(.allowed)) }
}
