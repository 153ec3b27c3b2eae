internal import AgentAPI

extension Harness {
    func store(_ request: APIRequest) async throws(Problem) -> Answer {
        guard request.method == "POST" else { return .reply(.json(await service.stores())) }
        return .reply(.json(try await service.changeStore(try requiredBody(request, StoreRequest.self))))
    }

    private func requiredBody<Value: Decodable>(_ request: APIRequest, _ type: Value.Type) throws(Problem) -> Value {
        guard let value = try body(request, type) else {
            throw Problem(.badRequest, "the body is missing", hint: "see authagent-api(7)")
        }
        return value
    }
}
