internal import AgentAPI

extension Harness {
    func store(_ request: APIRequest) async throws(Problem) -> Answer {
        guard request.method == "POST" else { return .reply(.json(await service.stores())) }
        return .reply(.json(try await service.changeStore(try requiredBody(request, StoreRequest.self))))
    }
}
