// swift-tools-version: 6.2

import PackageDescription

let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

// The client must start in a millisecond, so its release build is one static file with no dynamic loader, and lld puts
// what `authagent token NAME` touches together, on few pages (packaging/dev/order-client).
let linkOrder = "Sources/Programs/authagent/link-order.txt"
let staticExecutable: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-static-executable", "-use-ld=lld",
            "-Xlinker", "--symbol-ordering-file=\(Context.packageDirectory)/\(linkOrder)",
            // A name that is gone costs a page fault and not the build: packaging/test counts them.
            "-Xlinker", "--no-warn-symbol-ordering",
        ], .when(configuration: .release))
]

// Full RELRO: the loader binds all functions at the start and then protects their table, so that no write to memory can
// redirect a call. Executables of Swift are position-independent already.
let boundAtStart: [LinkerSetting] = [
    .unsafeFlags(["-Xlinker", "-z", "-Xlinker", "now"], .when(configuration: .release))
]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: [Target.Dependency] = [
    .product(name: "Crypto", package: "swift-crypto"),
    .product(name: "CryptoExtras", package: "swift-crypto"),
]
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nio: [Target.Dependency] = [
    .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
]
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let toml: Target.Dependency = .product(name: "TOMLKit", package: "TOMLKit")

// Programs: may import everything below; no target imports them.
let programs: [Target] = [
    // The client: no adapter, no network library, no keyring.
    .executableTarget(
        name: "authagent",
        dependencies: [
            "AgentAPI", "AgentSetup", "AuthagentClient", "CEarlyProtection", "ConfigurationText", "Formats",
            "LoopbackHTTP", "SecretMemory", "System", argumentParser, .product(name: "Crypto", package: "swift-crypto"),
        ],
        path: "Sources/Programs/authagent",
        exclude: ["README.md", "link-order.txt"],
        swiftSettings: swift,
        linkerSettings: staticExecutable
    ),
    // The daemon: the only target that sees everything.
    .executableTarget(
        name: "authagentd",
        dependencies: [
            "Agent", "AgentAPI", "AgentServer", "Audit", "AuthagentClient", "CEarlyProtection", "CQuietDispatch",
            "CWipingHeap", "Configuration", "CurlTransport", "Doctor", "Formats", "HookRunner", "KeyringStore",
            "Metrics", "OAuth", "PeerIdentity", "Policy", "QRCode", "RedirectListener", "Sandbox", "SealedStorage",
            "SecretMemory", "SinkFiles", "System", "Vault", argumentParser, lifecycle, logging, unixSignals,
        ],
        path: "Sources/Programs/authagentd",
        swiftSettings: swift,
        linkerSettings: boundAtStart
    ),
    // The keyring helper: libsecret lives and dies here.
    .executableTarget(
        name: "authagent-keyring",
        dependencies: ["CEarlyProtection", "CSecret", "CWipingHeap", "KeyringProtocol", "Sandbox", "SecretMemory"],
        path: "Sources/Programs/authagent-keyring",
        swiftSettings: swift,
        linkerSettings: boundAtStart
    ),
]

// Adapters: one for each thing outside. An adapter implements a port of the module that calls it.
let adapters: [Target] = [
    .target(
        name: "AgentServer",
        dependencies: [
            "AgentAPI", "COpenAPI", "Formats", "Metrics", "OAuth", "Policy", "SecretMemory", "System", lifecycle,
            logging,
        ] + nio,
        path: "Sources/Adapters/AgentServer",
        swiftSettings: swift
    ),
    .target(
        name: "CurlTransport",
        dependencies: ["CCurl", "Formats", "OAuth", "SecretMemory"],
        path: "Sources/Adapters/CurlTransport",
        swiftSettings: swift
    ),
    .target(
        name: "KeyringStore",
        dependencies: ["AgentAPI", "KeyringProtocol", "SecretMemory", "System", "Vault"],
        path: "Sources/Adapters/KeyringStore",
        swiftSettings: swift
    ),
    // Runs the programs of the configuration.
    .target(
        name: "HookRunner",
        dependencies: ["Agent", "AgentAPI", "Configuration", "Formats", "System"] + crypto,
        path: "Sources/Adapters/HookRunner",
        swiftSettings: swift
    ),
    // Encrypted files: the sealed store and the rotation journal.
    .target(
        name: "SealedStorage",
        dependencies: ["AgentAPI", "OAuth", "SecretMemory", "System", "Vault"] + crypto,
        path: "Sources/Adapters/SealedStorage",
        swiftSettings: swift
    ),
    // Who asks, from the kernel.
    .target(
        name: "PeerIdentity",
        dependencies: ["Policy", "Sandbox", "System"] + crypto,
        path: "Sources/Adapters/PeerIdentity",
        swiftSettings: swift
    ),
    // A line of each decision.
    .target(
        name: "Audit",
        dependencies: ["AgentAPI", "Formats", "OAuth", "Policy", "System", logging],
        path: "Sources/Adapters/Audit",
        swiftSettings: swift
    ),
    // The files that hold tokens for programs.
    .target(
        name: "SinkFiles",
        dependencies: ["Agent", "AgentAPI", "Configuration", "System"],
        path: "Sources/Adapters/SinkFiles",
        swiftSettings: swift
    ),
    // Receives the browser at the end of a login by code.
    .target(
        name: "RedirectListener",
        dependencies: ["Agent", "Formats", "LoopbackHTTP", "OAuth", "Sandbox", "System"],
        path: "Sources/Adapters/RedirectListener",
        swiftSettings: swift
    ),
    .target(
        name: "QRCode",
        dependencies: ["CQREncode"],
        path: "Sources/Adapters/QRCode",
        swiftSettings: swift
    ),
]

// What the agent does.
let agent: [Target] = [
    .target(
        name: "Agent",
        dependencies: [
            "Advice", "AgentAPI", "Configuration", "Formats", "JOSE", "Metrics", "OAuth", "SecretMemory", "System",
            "Vault", lifecycle, logging,
        ],
        path: "Sources/Agent/Agent",
        swiftSettings: swift
    ),
    .target(
        name: "Vault",
        dependencies: ["AgentAPI", "OAuth", "SecretMemory", "System"],
        path: "Sources/Agent/Vault",
        swiftSettings: swift
    ),
    // What is wrong and what repairs it, in words.
    .target(
        name: "Advice",
        dependencies: ["AgentAPI", "Configuration", "Formats", "OAuth", "Vault"],
        path: "Sources/Agent/Advice",
        swiftSettings: swift
    ),
    .target(
        name: "Configuration",
        dependencies: ["AgentAPI", "Formats", "JOSE", "OAuth", "Policy", "SecretMemory", "System", toml],
        path: "Sources/Agent/Configuration",
        swiftSettings: swift
    ),
    // What is asked of a sick machine, in the agent or without it.
    .target(
        name: "Doctor",
        dependencies: ["Advice", "AgentAPI", "Configuration", "Formats", "JOSE", "OAuth", "System", "Vault"],
        path: "Sources/Agent/Doctor",
        swiftSettings: swift
    ),
]

// Pure: no I/O, no clock, no task; time and randomness are parameters.
let protocols: [Target] = [
    .target(
        name: "OAuth",
        dependencies: ["Formats", "SecretMemory"],
        path: "Sources/Protocol/OAuth",
        swiftSettings: swift
    ),
    .target(
        name: "JOSE",
        dependencies: ["Formats", "OAuth", "SecretMemory"] + crypto,
        path: "Sources/Protocol/JOSE",
        swiftSettings: swift
    ),
    .target(
        name: "Policy",
        dependencies: ["AgentAPI"],
        path: "Sources/Protocol/Policy",
        swiftSettings: swift
    ),
    .target(
        name: "Metrics",
        dependencies: ["AgentAPI", "Formats"],
        path: "Sources/Protocol/Metrics",
        swiftSettings: swift
    ),
]

// Used by several programs.
let shared: [Target] = [
    .target(
        name: "AgentAPI",
        path: "Sources/Shared/AgentAPI",
        swiftSettings: swift
    ),
    // A library for other packages too: nothing but the standard library and AgentAPI.
    .target(
        name: "AuthagentClient",
        dependencies: ["AgentAPI"],
        path: "Sources/Shared/AuthagentClient",
        exclude: ["README.md"],
        swiftSettings: swift
    ),
    // Strict readers, and text made harmless.
    .target(
        name: "Formats",
        dependencies: ["SecretMemory"],
        path: "Sources/Shared/Formats",
        swiftSettings: swift
    ),
    .target(
        name: "System",
        dependencies: ["CLinux", "SecretMemory"],
        path: "Sources/Shared/System",
        swiftSettings: swift
    ),
    .target(
        name: "SecretMemory",
        dependencies: ["CLinux"],
        path: "Sources/Shared/SecretMemory",
        swiftSettings: swift
    ),
    // Changes of other programs' configuration files that can be taken back.
    .target(
        name: "ConfigurationText",
        path: "Sources/Shared/ConfigurationText",
        swiftSettings: swift
    ),
    // The steps that make an agent of a machine or a person, and take it back.
    .target(
        name: "AgentSetup",
        dependencies: ["System"],
        path: "Sources/Shared/AgentSetup",
        swiftSettings: swift
    ),
    // A server for one child of the client.
    .target(
        name: "LoopbackHTTP",
        dependencies: ["Formats", "System"],
        path: "Sources/Shared/LoopbackHTTP",
        swiftSettings: swift
    ),
    // What a process gives up for itself: files, programs, system calls.
    .target(
        name: "Sandbox",
        dependencies: ["CSandbox", "CSeccomp", "System"],
        path: "Sources/Shared/Sandbox",
        swiftSettings: swift
    ),
    .target(
        name: "KeyringProtocol",
        dependencies: ["SecretMemory"],
        path: "Sources/Shared/KeyringProtocol",
        swiftSettings: swift
    ),
]

// C, and libraries of the system.
let c: [Target] = [
    .target(
        name: "CLinux",
        path: "Sources/C/CLinux"
    ),
    // Landlock, and the process that reads what it hides.
    .target(
        name: "CSandbox",
        path: "Sources/C/CSandbox"
    ),
    .systemLibrary(
        name: "CSeccomp",
        path: "Sources/C/CSeccomp",
        pkgConfig: "libseccomp",
        providers: [.apt(["libseccomp-dev"])]
    ),
    .systemLibrary(
        name: "CCurl",
        path: "Sources/C/CCurl",
        pkgConfig: "libcurl",
        providers: [.apt(["libcurl4-openssl-dev"])]
    ),
    .systemLibrary(
        name: "CSecret",
        path: "Sources/C/CSecret",
        pkgConfig: "libsecret-1",
        providers: [.apt(["libsecret-1-dev"])]
    ),
    .systemLibrary(
        name: "CQREncode",
        path: "Sources/C/CQREncode",
        pkgConfig: "libqrencode",
        providers: [.apt(["libqrencode-dev"])]
    ),
    // The description of the API, for programs; a C compiler puts it into the daemon as it is.
    .target(
        name: "COpenAPI",
        path: "Sources/C/COpenAPI",
        exclude: ["openapi.json"]
    ),
    // For the daemon alone: an idle one sleeps.
    .target(
        name: "CQuietDispatch",
        path: "Sources/C/CQuietDispatch"
    ),
    // For the programs that hold refresh tokens: what libraries release is cleared.
    .target(
        name: "CWipingHeap",
        path: "Sources/C/CWipingHeap"
    ),
    // For the programs alone, and not for tests of what they are made of.
    .target(
        name: "CEarlyProtection",
        path: "Sources/C/CEarlyProtection"
    ),
]

// What the tests are made of, and programs that tests run.
let testSupport: [Target] = [
    .target(
        name: "TestSupport",
        dependencies: [
            "AgentAPI", "AuthagentClient", "CLinux", "Formats", "JOSE", "OAuth", "SecretMemory", "System", "Vault",
        ]
            + crypto,
        path: "Tests/Support/TestSupport",
        swiftSettings: swift
    ),
    .target(
        name: "DemoIssuer",
        dependencies: nio + crypto,
        path: "Tests/Support/DemoIssuer",
        swiftSettings: swift
    ),
    // What providers send, as facts for the tests and as seeds for reply-fuzz, which reads a million variations.
    .target(
        name: "ReplyCorpus",
        dependencies: ["Agent", "AgentAPI", "Formats", "JOSE", "OAuth", "SecretMemory"],
        path: "Tests/Support/ReplyCorpus",
        swiftSettings: swift
    ),
    // What connects to the socket and then leaves or becomes another program.
    .executableTarget(
        name: "socket-actor",
        path: "Tests/Support/socket-actor"
    ),
    // What another program of the same user tries in the moment after execve(2).
    .executableTarget(
        name: "exec-racer",
        path: "Tests/Support/exec-racer"
    ),
    // What counts secrets in the memory of a process.
    .executableTarget(
        name: "memory-search",
        path: "Tests/Support/memory-search"
    ),
    // What enters a sandbox and then does what an intruder would try.
    .target(
        name: "CForbiddenCalls",
        path: "Tests/Support/CForbiddenCalls"
    ),
    .executableTarget(
        name: "sandbox-actor",
        dependencies: ["CForbiddenCalls", "Sandbox", "System"],
        path: "Tests/Support/sandbox-actor",
        swiftSettings: swift
    ),
    .executableTarget(
        name: "hanging-files",
        path: "Tests/Support/hanging-files"
    ),
]

// Tools: run by packaging/dev and packaging/quickstart.
let tools: [Target] = [
    .executableTarget(
        name: "demo-issuer",
        dependencies: ["DemoIssuer", argumentParser],
        path: "Tests/Tools/demo-issuer",
        exclude: ["README.md"],
        swiftSettings: swift
    ),
    .executableTarget(
        name: "bench",
        dependencies: [
            "AgentAPI", "AuthagentClient", "DemoIssuer", "SealedStorage", "SecretMemory", "TestSupport", "Vault",
            argumentParser,
        ],
        path: "Tests/Tools/bench",
        exclude: ["README.md"],
        swiftSettings: swift
    ),
    // How fast it is: the client and the limit in C, so that neither is what is measured.
    .executableTarget(
        name: "bench-load",
        path: "Tests/Tools/bench-load"
    ),
    .executableTarget(
        name: "bench-echo",
        path: "Tests/Tools/bench-echo"
    ),
    .executableTarget(
        name: "crash-matrix",
        dependencies: [
            "AgentAPI", "DemoIssuer", "ReplyCorpus", "SealedStorage", "SecretMemory", "TestSupport", "Vault",
            "authagent", "authagent-keyring", "authagentd", "kill-at-syscall", argumentParser,
        ],
        path: "Tests/Tools/crash-matrix",
        exclude: ["README.md"],
        swiftSettings: swift
    ),
    // What kills the agent at each system call of a refresh, and what becomes of the login.
    .executableTarget(
        name: "kill-at-syscall",
        path: "Tests/Tools/kill-at-syscall"
    ),
    // The schedule of many agents at one provider.
    .executableTarget(
        name: "fleet",
        dependencies: ["AgentAPI", "OAuth", "SecretMemory", "Vault", argumentParser],
        path: "Tests/Tools/fleet",
        exclude: ["README.md"],
        swiftSettings: swift
    ),
    .executableTarget(
        name: "reply-fuzz",
        dependencies: ["ReplyCorpus", argumentParser],
        path: "Tests/Tools/reply-fuzz",
        exclude: ["README.md"],
        swiftSettings: swift
    ),
]

// Tests of modules, and of the real programs.
let tests: [Target] = [
    .testTarget(
        name: "AgentServerTests",
        dependencies: [
            "AgentAPI", "AgentServer", "AuthagentClient", "Formats", "Metrics", "OAuth", "PeerIdentity", "Policy",
            "System", "TestSupport", "socket-actor", lifecycle, logging,
        ],
        path: "Tests/Unit/Adapters/AgentServerTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "CurlTransportTests",
        dependencies: ["CLinux", "CurlTransport", "OAuth", "SecretMemory", "TestSupport"],
        path: "Tests/Unit/Adapters/CurlTransportTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "RedirectListenerTests",
        dependencies: ["Agent", "LoopbackHTTP", "OAuth", "RedirectListener", "System", "TestSupport"],
        path: "Tests/Unit/Adapters/RedirectListenerTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "KeyringStoreTests",
        dependencies: [
            "AgentAPI", "KeyringProtocol", "KeyringStore", "SecretMemory", "TestSupport", "Vault", "authagent-keyring",
        ],
        path: "Tests/Unit/Adapters/KeyringStoreTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "HookRunnerTests",
        dependencies: ["Agent", "Configuration", "HookRunner", "System", "TestSupport"],
        path: "Tests/Unit/Adapters/HookRunnerTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "SealedStorageTests",
        dependencies: ["AgentAPI", "OAuth", "SealedStorage", "SecretMemory", "System", "TestSupport", "Vault"],
        path: "Tests/Unit/Adapters/SealedStorageTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "PeerIdentityTests",
        dependencies: ["AuthagentClient", "CLinux", "PeerIdentity", "Policy", "System", "TestSupport", "socket-actor"],
        path: "Tests/Unit/Adapters/PeerIdentityTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "AuditTests",
        dependencies: ["AgentAPI", "Audit", "Policy", "System", "TestSupport", logging],
        path: "Tests/Unit/Adapters/AuditTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "SinkFilesTests",
        dependencies: ["Agent", "AgentAPI", "Configuration", "SinkFiles", "System", "TestSupport"],
        path: "Tests/Unit/Adapters/SinkFilesTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "QRCodeTests",
        dependencies: ["QRCode"],
        path: "Tests/Unit/Adapters/QRCodeTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "AgentTests",
        dependencies: [
            "Agent", "AgentAPI", "Configuration", "Formats", "JOSE", "Metrics", "OAuth", "SealedStorage",
            "SecretMemory",
            "TestSupport", "Vault", logging,
        ] + crypto,
        path: "Tests/Unit/Agent/AgentTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "VaultTests",
        dependencies: ["AgentAPI", "OAuth", "SecretMemory", "TestSupport", "Vault"],
        path: "Tests/Unit/Agent/VaultTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "ConfigurationTests",
        dependencies: ["AgentAPI", "Configuration", "OAuth", "Policy", "SecretMemory", "System", "TestSupport"],
        path: "Tests/Unit/Agent/ConfigurationTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "DoctorTests",
        dependencies: [
            "AgentAPI", "Configuration", "Doctor", "OAuth", "SealedStorage", "System", "TestSupport", "Vault",
        ],
        path: "Tests/Unit/Agent/DoctorTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "OAuthTests",
        dependencies: ["Formats", "OAuth", "ReplyCorpus", "SecretMemory", "TestSupport"],
        path: "Tests/Unit/Protocol/OAuthTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "JOSETests",
        dependencies: ["Formats", "JOSE", "OAuth", "SecretMemory", "TestSupport"] + crypto,
        path: "Tests/Unit/Protocol/JOSETests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "PolicyTests",
        dependencies: ["AgentAPI", "TestSupport", "Policy"],
        path: "Tests/Unit/Protocol/PolicyTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "MetricsTests",
        dependencies: ["Formats", "Metrics", "TestSupport"],
        path: "Tests/Unit/Protocol/MetricsTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "AgentAPITests",
        dependencies: ["AgentAPI"],
        path: "Tests/Unit/Shared/AgentAPITests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "AuthagentClientTests",
        dependencies: ["AgentAPI", "AuthagentClient", "System", "TestSupport"],
        path: "Tests/Unit/Shared/AuthagentClientTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "LoopbackHTTPTests",
        dependencies: ["LoopbackHTTP", "System"],
        path: "Tests/Unit/Shared/LoopbackHTTPTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "FormatsTests",
        dependencies: ["Formats", "ReplyCorpus"],
        path: "Tests/Unit/Shared/FormatsTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "ConfigurationTextTests",
        dependencies: ["ConfigurationText", "TestSupport"],
        path: "Tests/Unit/Shared/ConfigurationTextTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "AgentSetupTests",
        dependencies: ["AgentSetup", "System"],
        path: "Tests/Unit/Shared/AgentSetupTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "SystemTests",
        dependencies: ["AuthagentClient", "System", "TestSupport"],
        path: "Tests/Unit/Shared/SystemTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "SandboxTests",
        dependencies: ["Sandbox", "TestSupport", "sandbox-actor"],
        path: "Tests/Unit/Shared/SandboxTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "SecretMemoryTests",
        dependencies: ["CWipingHeap", "SecretMemory"],
        path: "Tests/Unit/Shared/SecretMemoryTests",
        swiftSettings: swift
    ),
    // The manual against the types.
    .testTarget(
        name: "DocumentationTests",
        dependencies: ["AgentAPI", "Configuration", "TestSupport", "authagent"],
        path: "Tests/Unit/DocumentationTests",
        swiftSettings: swift
    ),
    .testTarget(
        name: "EndToEndTests",
        dependencies: [
            "AgentAPI", "AuthagentClient", "DemoIssuer", "System", "TestSupport", "authagent", "authagent-keyring",
            "authagentd", "bench", "bench-echo", "bench-load", "exec-racer", "kill-at-syscall", "memory-search",
        ],
        path: "Tests/EndToEnd",
        swiftSettings: swift
    ),
]

let package = Package(
    name: "authagent",
    products: [
        .executable(name: "authagent", targets: ["authagent"]),
        .executable(name: "authagentd", targets: ["authagentd"]),
        .executable(name: "authagent-keyring", targets: ["authagent-keyring"]),
        .library(name: "AuthagentClient", targets: ["AuthagentClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],
    targets: programs + adapters + agent + protocols + shared + c + testSupport + tools + tests
)
