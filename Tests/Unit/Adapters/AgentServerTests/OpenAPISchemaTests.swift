import AgentAPI
import Testing

struct OpenAPISchemaTests {
    /// The types of the socket API, by the names of their schemas.
    private static var types: [String: any Decodable.Type] {
        [
            "AWSCredentialsReply": AWSCredentialsReply.self, "AWSCredentialsRequest": AWSCredentialsRequest.self,
            "AccountStatus": AccountStatus.self, "AgentEvent": AgentEvent.self, "AgentStatus": AgentStatus.self,
            "Approval": Approval.self, "ApprovalAnswer": ApprovalAnswer.self, "ApprovalList": ApprovalList.self,
            "ApprovalReply": ApprovalReply.self,
            "Denial": AgentNews.Denial.self, "DoctorCheck": DoctorCheck.self,
            "DoctorReport": DoctorReport.self, "ElevatedStatus": ElevatedStatus.self, "InspectReply": InspectReply.self,
            "InspectRequest": InspectRequest.self,
            "IntrospectionReport": IntrospectionReport.self, "LockReply": LockReply.self,
            "LockRequest": LockRequest.self, "LoginRequest": LoginRequest.self, "LoginResponse": LoginResponse.self,
            "LoginResponseReply": LoginResponseReply.self, "LogoutReply": LogoutReply.self,
            "LogoutRequest": LogoutRequest.self, "MovedAccount": MovedAccount.self,
            "PolicyCaller": CallerDescription.self, "PolicyCondition": RuleCondition.self,
            "PolicyDecision": PolicyDecision.self, "PolicyReport": PolicyReport.self,
            "PolicyRule": RuleDescription.self,
            "Provider": ProviderDescription.self, "ProviderCodeFlow": ProviderCodeFlow.self,
            "ProviderEndpoints": ProviderEndpointList.self, "ProviderList": ProviderList.self,
            "ProviderParameter": ProviderDescription.Parameter.self, "ProviderRequests": ProviderRequests.self,
            "RenewalStatus": RenewalStatus.self,
            "SecurityCheck": SecurityCheck.self, "SecurityReport": SecurityReport.self,
            "SignatureReport": SignatureReport.self, "SinkList": SinkList.self, "SinkRemoval": SinkRemoval.self,
            "SinkRequest": SinkRequest.self, "SinkStatus": SinkStatus.self, "StatusReport": StatusReport.self,
            "Store": StoreDescription.self,
            "StoreReply": StoreReply.self, "StoreReport": StoreReport.self, "StoreRequest": StoreRequest.self,
            "TokenInspection": TokenInspection.self, "TokenRejectionRequest": TokenRejection.self,
            "TokenRejectionReply": TokenRejectionReply.self, "TokenReply": TokenReply.self,
            "URLReply": URLReply.self, "UnlockReply": UnlockReply.self,
            "UnlockRequest": UnlockRequest.self,
        ]
    }
    /// The schemas with one member more than their type.
    private static var extended: [String: (type: any Decodable.Type, member: String)] {
        [
            "LoginFailure": (LoginFailure.self, "event"), "LoginPrompt": (LoginPrompt.self, "event"),
            "LoginResult": (LoginResult.self, "event"), "Problem": (Problem.self, "status"),
        ]
    }
    /// Strings, unions of other schemas, and replies without a type, which `samples` and `api-fuzz` check.
    private static let others: Set = [
        "AccountName", "CancelReply", "Confirmation", "DoctorState", "GivenTokenRequest", "KeySource", "LoginEvent",
        "LoginResumed",
        "LoginRetrying", "LoginSlowed", "OpenAPIDocument", "ReloadReply", "Resource", "SecurityGrade", "StoreState",
    ]

    private static func description() async throws -> APIDescription {
        var body = ""
        try await ServerFixture.serving { body = try await $0.exchange(.get("/v1/openapi.json")).body }
        return try APIDescription(body)
    }

    @Test("each member of each request and reply is described: name, type, values, required or not")
    func members() async throws {
        let description = try await Self.description()
        for (name, type) in Self.types.merging(Self.extended.mapValues(\.type), uniquingKeysWith: { $1 }) {
            var described = try description.members(of: name)
            if let member = Self.extended[name]?.member {
                #expect(described.removeValue(forKey: member)?.isRequired == true, "\(name).\(member)")
            }
            let read = try Member.all(of: type)
            #expect(Set(described.keys) == Set(read.keys), "\(name)")
            for (member, expected) in read {
                let found = try #require(described[member], "\(name).\(member)")
                #expect(found.type == expected.type, "\(name).\(member)")
                #expect(found.isRequired == expected.isRequired, "\(name).\(member)")
                if let values = expected.values { #expect(found.values == values, "\(name).\(member)") }
            }
        }
    }

    @Test("no schema is unused")
    func complete() async throws {
        let names = Set(try await Self.description().schemas.keys)
        #expect(names == Self.others.union(Self.types.keys).union(Self.extended.keys))
    }

    @Test("replies that no type describes have the members that are described")
    func samples() async throws {
        let description = try await Self.description()
        try await ServerFixture.serving { server in
            for (request, name) in [
                (Request.post("/v1/reload"), "ReloadReply"), (.get("/v1/openapi.json"), "OpenAPIDocument"),
                (Request(method: "DELETE", target: "/v1/accounts/work/login"), "CancelReply"),
            ] {
                let members = Set(try #require(try await server.exchange(request).json).keys)
                let described = try description.members(of: name)
                #expect(Set(described.filter(\.value.isRequired).keys).isSubset(of: members), "\(name)")
                if name != "OpenAPIDocument" { #expect(members == Set(described.keys)) }
            }
        }
        for (event, name) in [
            (LoginEvent.slowed(interval: 5), "LoginSlowed"), (.retrying(detail: "no answer"), "LoginRetrying"),
            (.resumed, "LoginResumed"),
        ] {
            let content = try APIJSON.decode([String: JSONContent].self, from: APIJSON.encode(fixed: event))
            #expect(Set(content.keys) == Set(try description.members(of: name).keys))
        }
    }
}
