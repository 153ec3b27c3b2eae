import ConfigurationText
import Testing

struct SettingOutlineTests {
    private func toml(_ text: String) throws -> SettingOutline { try SettingOutline(Array(text.utf8), .toml) }
    private func ini(_ text: String) throws -> SettingOutline { try SettingOutline(Array(text.utf8), .ini) }

    @Test(
        "a key of TOML is found however it is written",
        arguments: [
            "[registry]\nglobal = 1\n", "[ registry ]\n  \"global\" = 1\n", "registry.global = 1\n",
            "registry . \"global\" = []\n", "[x]\n[registry] # c\nother = 1\nglobal=2\n",
        ])
    func keys(text: String) throws {
        #expect(try toml(text).has("global", in: "registry"))
    }

    @Test(
        "what only looks like a key or header of TOML is not taken for one",
        arguments: [
            "a = \"\"\"\n[registry]\nglobal = 1\n\"\"\"\n", "a = '''\n[registry]\nglobal = 1\n'''\n",
            "a = [\n  [\"registry\"],\n  \"global = 1\",\n]\n", "# [registry]\n# global = 1\n",
            "[registry.x]\nglobal = 1\n",
            "a = \"[\" # [\n[y]\nglobal = 1\n", "a = \"\\\"[\"\nb = '['\n[z]\nglobal=1\n",
        ])
    func lookalikes(text: String) throws {
        let outline = try toml(text)
        #expect(!outline.has("global", in: "registry"))
        #expect(outline.section("registry") == nil)
    }

    @Test("the start of a section is the offset after its header")
    func start() throws {
        #expect(try toml("a = 1\r\n[b]\r\nc = 1\n").section("b")?.start == 12)
        #expect(try ini("[global]").section("global")?.start == 8)
    }

    @Test("in an INI file indented lines belong to the value before")
    func continuation() throws {
        let outline = try ini("[profile a]\ns3 =\n  x = 1\nregion: eu\n; c\n# d\n[profile b]\n")
        #expect(outline.section("profile a")?.keys == ["s3", "region"])
        #expect(outline.section("profile b") != nil)
        #expect(!outline.has("x", in: "profile a"))
    }

    @Test("a line that is neither header, key nor comment is refused with its number")
    func malformed() throws {
        #expect(throws: ConfigurationProblem.malformed(line: 2)) { try toml("a = 1\nnonsense\n") }
        #expect(throws: ConfigurationProblem.malformed(line: 1)) { try ini("[open\n") }
        #expect(throws: ConfigurationProblem.malformed(line: 2)) { try toml("a = [\n1,\n") }
    }
}
