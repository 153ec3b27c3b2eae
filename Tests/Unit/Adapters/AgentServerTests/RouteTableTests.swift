import AgentAPI
import Testing

@testable import AgentServer

struct RouteTableTests {
    @Test("a handler exists for each method that a resource names, and for no other", arguments: Resource.allCases)
    func methods(resource: Resource) {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", ""] {
            #expect((RouteTable.handler(resource, method) != nil) == resource.methods.contains(method), "\(method)")
        }
    }
}
