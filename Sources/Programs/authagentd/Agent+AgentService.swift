public import Agent
public import AgentServer

/// The agent as the server sees it.
extension Agent: AgentService {}
