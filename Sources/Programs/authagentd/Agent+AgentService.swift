internal import Agent
internal import AgentServer

/// The agent as the server sees it.
extension Agent: AgentService {}
