// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Rapport",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // C libraries: a module map and a header that includes theirs, nothing else.
    .systemLibrary(name: "CNghttp2", path: "Shared/CNghttp2", pkgConfig: "libnghttp2"),
    .systemLibrary(name: "CPostgres", path: "Shared/CPostgres", pkgConfig: "libpq"),
    .systemLibrary(name: "CProtobufC", path: "Shared/CProtobufC", pkgConfig: "libprotobuf-c"),
    // Debian ships no pkg-config file for it.
    .systemLibrary(name: "CRoaring", path: "Shared/CRoaring"),
    .systemLibrary(name: "CZlib", path: "Shared/CZlib", pkgConfig: "zlib"),

    // What every service stands on, lowest first.
    .target(name: "CMessages", dependencies: ["CProtobufC"], path: "Shared/CMessages"),
    room("Messages", "Shared/Messages", ["CMessages"]),
    program("protoc-gen-rapport", "Shared/Generator", [.protobuf, .protobufPlugin]),
    room("Values", "Shared/Values"),
    room("RPC", "Shared/RPC", ["CNghttp2", "CZlib", "Messages", .logging, .nioCore, .nioPosix, .nioSSL]),
    room("HTTP", "Shared/HTTP", [.logging, .nioCore, .nioHTTP1, .nioPosix, .nioSSL]),
    room("Database", "Shared/Database", ["CPostgres", "Values", .deque, .logging]),
    room(
      "ServiceKit", "Shared/ServiceKit",
      [
        "Database", "HTTP", "Messages", "RPC", "Values", .configuration, .coreMetrics, .crypto, .logging, .nioCore,
        .nioHTTP1, .nioPosix, .nioSSL, .serviceLifecycle, .unixSignals,
      ]),
    room("Populations", "Shared/Populations", ["CRoaring", "Messages"]),
    room("Templates", "Shared/Templates", ["Values"]),
    room("Mail", "Shared/Mail", ["Values", .nioCore, .nioPosix, .nioSSL]),
    room("UserTables", "Shared/UserTables", ["Database", "Messages", "RPC", "ServiceKit", "Values"]),

    // The services: a library each, and a main of a few lines.
    service(
      "Gateway",
      [
        "Database", "HTTP", "Messages", "RPC", "ServiceKit", "Values", .crypto, .logging, .nioCore, .nioHTTP1,
        .nioPosix,
      ]),
    program("rapport-gateway", "Services/Gateway/Main", ["Gateway"]),
    service(
      "Profiles", ["Database", "Messages", "Populations", "RPC", "ServiceKit", "UserTables", "Values", .logging]),
    program("rapport-profiles", "Services/Profiles/Main", ["Profiles"]),
    service(
      "DataTables", ["Database", "Messages", "Populations", "RPC", "ServiceKit", "UserTables", "Values", .logging]),
    program("rapport-datatables", "Services/DataTables/Main", ["DataTables"]),
    service("Automation", ["Database", "Messages", "RPC", "ServiceKit", "UserTables", "Values", .crypto, .logging]),
    program("rapport-automation", "Services/Automation/Main", ["Automation"]),
    service("Forms", ["Database", "Messages", "RPC", "ServiceKit", "UserTables", "Values", .crypto, .logging]),
    program("rapport-forms", "Services/Forms/Main", ["Forms"]),
    service(
      "Messaging",
      [
        "Database", "HTTP", "Mail", "Messages", "Populations", "RPC", "ServiceKit", "Templates", "UserTables", "Values",
        .crypto, .logging, .nioCore, .nioPosix, .nioSSL,
      ]),
    program("rapport-messaging", "Services/Messaging/Main", ["Messaging"]),
    service(
      "CommandLineTool", in: "CommandLine",
      [
        "Database", "Forms", "Gateway", "Messages", "Messaging", "RPC", "ServiceKit", "UserTables", "Values",
        .argumentParser, .crypto, .logging,
        .nioCore, .nioPosix,
      ]),
    program("rapport", "Services/CommandLine/Main", ["CommandLineTool"]),
    program(
      "rapport-suite", "Services/Suite",
      ["Automation", "CommandLineTool", "DataTables", "Forms", "Gateway", "Messaging", "Profiles"]),

    // What tests share.
    .target(name: "CSampleMessages", dependencies: ["CMessages", "CProtobufC"], path: "Tests/Support/CSampleMessages"),
    room("SampleMessages", "Tests/Support/SampleMessages", ["CSampleMessages", "CMessages", "Messages"]),
    program("message-pipe", "Tests/Support/MessagePipe", ["Messages", "SampleMessages"]),
    room("DatabaseTesting", "Tests/Support/DatabaseTesting", ["Database", .logging]),
    room("ServiceKitTesting", "Tests/Support/ServiceKitTesting", ["ServiceKit", "Values"]),
    room(
      "ServiceTesting", "Tests/Support/ServiceTesting",
      [
        "Database", "DatabaseTesting", "Messages", "RPC", "ServiceKit", "ServiceKitTesting", "Values", .crypto,
        .logging, .nioCore,
      ]),
    room("MailTesting", "Tests/Support/MailTesting", ["Mail", .nioCore, .nioPosix]),
    room("EchoService", "Tests/Conformance/EchoService", ["Messages", "RPC", "SampleMessages"]),
    program("rpc-echo-client", "Tests/Conformance/EchoClient", ["EchoService", "Messages", "RPC", .logging, .nioCore]),
    program(
      "rpc-echo-server", "Tests/Conformance/EchoServer", ["EchoService", "RPC", .logging, .nioCore, .unixSignals]),
    program(
      "interop-server", "Tests/Conformance/InteropServer",
      ["Messages", "RPC", "SampleMessages", .argumentParser, .logging, .nioCore, .unixSignals]),

    program(
      "metrics-page", "Tests/Conformance/MetricsPage",
      ["HTTP", "ServiceKit", .coreMetrics, .logging, .nioCore, .nioPosix]),
    program(
      "fuzz", "Tests/Fuzzing/Fuzz", ["Messages", "RPC", "SampleMessages", .logging, .nioCore, .nioEmbedded]),
    program("message-costs", "Tests/Benchmarks/MessageCosts", ["Messages"]),
    program(
      "rpc-bench-server", "Tests/Benchmarks/RPCServer",
      ["Messages", "RPC", "SampleMessages", "ServiceKit", .logging, .nioCore, .nioPosix, .unixSignals]),

    tests(
      "AutomationTests",
      [
        "Automation", "Database", "DatabaseTesting", "Messages", "RPC", "ServiceKit", "ServiceKitTesting",
        "ServiceTesting", "UserTables", "Values",
      ]),
    tests(
      "CommandLineTests",
      [
        "CommandLineTool", "Database", "DatabaseTesting", "Forms", "Gateway", "Mail", "Messages", "Messaging", "RPC",
        "ServiceKit", "UserTables", "Values", "rapport", .argumentParser, .crypto, .logging, .nioCore,
      ]),
    tests(
      "DataTablesTests",
      [
        "Database", "DatabaseTesting", "DataTables", "Messages", "Populations", "RPC", "ServiceKit",
        "ServiceKitTesting", "ServiceTesting", "UserTables", "Values",
      ]),
    tests("DatabaseTests", ["Database", "DatabaseTesting", "Values", .logging]),
    tests(
      "GatewayTests",
      [
        "Database", "DatabaseTesting", "Gateway", "HTTP", "Messages", "RPC", "ServiceKit", "ServiceKitTesting",
        "Values",
        .crypto, .logging, .nioCore, .nioHTTP1, .nioPosix, .serviceLifecycle,
      ]),
    tests(
      "FormsTests",
      [
        "Database", "DatabaseTesting", "Forms", "Messages", "RPC", "ServiceKit", "ServiceKitTesting", "ServiceTesting",
        "UserTables", "Values",
      ]),
    tests("GeneratorTests", ["protoc-gen-rapport"]),
    tests("HTTPTests", ["HTTP", .logging, .nioCore, .nioHTTP1, .nioPosix]),
    tests("MailTests", ["Mail", "MailTesting", "Values", .nioCore, .nioPosix]),
    tests("MessagesTests", ["CMessages", "CSampleMessages", "Messages", "SampleMessages"]),
    tests(
      "MessagingTests",
      [
        "Database", "DatabaseTesting", "Mail", "MailTesting", "Messages", "Messaging", "Populations", "RPC",
        "ServiceKit", "ServiceKitTesting", "ServiceTesting", "Templates", "UserTables", "Values", .nioPosix,
      ]),
    tests("PopulationsTests", ["Messages", "Populations"]),
    tests(
      "ProfilesTests",
      [
        "Database", "DatabaseTesting", "Messages", "Populations", "Profiles", "RPC", "ServiceKit", "ServiceKitTesting",
        "ServiceTesting", "UserTables", "Values", .logging, .nioPosix,
      ]),
    tests("RPCTests", ["EchoService", "Messages", "RPC", .logging, .nioCore, .nioPosix, .nioSSL]),
    tests(
      "ServiceKitTests",
      [
        "Database", "DatabaseTesting", "HTTP", "Messages", "RPC", "ServiceKit", "ServiceKitTesting", "Values",
        .coreMetrics, .crypto, .logging, .nioCore, .nioHTTP1, .nioPosix, .unixSignals,
      ]),
    tests("TemplatesTests", ["Templates", "Values"]),
    tests("UserTablesTests", ["Database", "Messages", "RPC", "ServiceKitTesting", "UserTables", "Values"]),
    tests("ValuesTests", ["Values"]),
  ]
)

/// Every Swift target of the suite is compiled alike: Swift 6 mode, imports that state their level.
///
/// A static is made when it is first used; a global constant below the package would still be empty then.
enum Settings {
  static let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ]
}

func room(_ name: String, _ path: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: path, swiftSettings: Settings.strict)
}

/// A service's library: what stands in its folder beside the main.
func service(_ name: String, in folder: String? = nil, _ dependencies: [Target.Dependency]) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Services/\(folder ?? name)", exclude: ["Main"],
    swiftSettings: Settings.strict)
}

func program(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: Settings.strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: Settings.strict)
}

extension Target.Dependency {
  static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
  static let configuration = product(name: "Configuration", package: "swift-configuration")
  static let coreMetrics = product(name: "CoreMetrics", package: "swift-metrics")
  static let crypto = product(name: "Crypto", package: "swift-crypto")
  static let deque = product(name: "DequeModule", package: "swift-collections")
  static let logging = product(name: "Logging", package: "swift-log")
  static let nioCore = product(name: "NIOCore", package: "swift-nio")
  static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
  static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
  static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
  static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
  static let protobuf = product(name: "SwiftProtobuf", package: "swift-protobuf")
  static let protobufPlugin = product(name: "SwiftProtobufPluginLibrary", package: "swift-protobuf")
  static let serviceLifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
  static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
}
