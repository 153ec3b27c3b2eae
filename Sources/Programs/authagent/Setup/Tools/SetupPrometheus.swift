internal import ArgumentParser

struct SetupPrometheus: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "prometheus",
        abstract: "scraping with a token, from the file of a sink (prometheus.yml).",
        discussion: "It is printed and not written: prometheus.yml belongs to root, and its order matters."
    )

    @OptionGroup var common: SetupOptions

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let account = try place.subject().name
        let file = "/run/authagent/sink/\(account)"
        var plan = SetupPlan()
        plan.show(
            "prometheus.yml, in the job of the target",
            ["    authorization:", "      credentials_file: \(file)"])
        plan.remarks = ["authagent sink add \(account) --path \(file) --group prometheus"]
        return plan
    }
}
