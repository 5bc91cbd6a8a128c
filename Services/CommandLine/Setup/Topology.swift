import Foundation
import RPC
import ServiceKit

/// Which processes a suite consists of on this machine, and where each listens: the file that `rapport setup` takes.
///
/// ```json
/// {"database": {"host": "/data/postgresql/run", "port": 5432, "name": "rapport", "administrator": "rapport",
///               "passwordFile": "/data/keys/postgres.password"},
///  "publicBaseURL": "http://127.0.0.1:8080", "smtp": {"host": "127.0.0.1", "port": 2525},
///  "services": {"gateway": {"rpc": "127.0.0.1:7400", "admin": "127.0.0.1:7500", "http": "127.0.0.1:8080"}}}
/// ```
struct Topology: Sendable, Hashable {
  /// The database server, and the account that makes databases and roles there.
  struct Database: Sendable, Hashable, Decodable {
    /// Host name or address, or the folder of the socket.
    var host: String
    var port: Int
    /// Of the database to make.
    var name: String
    /// A superuser, or one who may create databases and roles.
    var administrator: String
    /// File with its password on the first line; none where the server asks for none.
    var passwordFile: String?
  }

  /// The mail server that e-mail is handed to.
  struct MailServer: Sendable, Hashable, Decodable {
    var host: String
    var port: Int
  }

  /// Where one service listens.
  struct Service: Sendable, Hashable {
    /// The gRPC server.
    var rpc: HostPort
    /// /metrics, /livez and /readyz.
    var admin: HostPort
    /// Public pages; the gateway's alone.
    var http: HostPort?
  }

  var database: Database
  /// What public links begin with.
  var publicBaseURL: String?
  var smtp: MailServer?
  var services: [ServiceName: Service]

  /// Reads a topology file.
  ///
  /// - Throws: ``CommandError`` that says what is wrong in it.
  init(contentsOf path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandError(.notFound, "The topology file \(path) cannot be read.")
    }
    do {
      try self.init(JSONDecoder().decode(Form.self, from: data))
    } catch let error as DecodingError {
      throw CommandError(.invalidArgument, "The topology file \(path) is not as it should be: \(error.place).")
    } catch let error as ConfigurationError {
      throw CommandError(.invalidArgument, "The topology file \(path) is not as it should be: \(error.description)")
    }
  }

  private init(_ form: Form) throws {
    database = form.database
    publicBaseURL = form.publicBaseURL
    smtp = form.smtp
    services = [:]
    for (name, addresses) in form.services {
      guard let service = ServiceName(rawValue: name) else {
        let known = ServiceName.allCases.map(\.rawValue).joined(separator: ", ")
        throw ConfigurationError("services.\(name) is no service. The services are \(known).")
      }
      services[service] = try Service(
        rpc: Self.address(addresses.rpc, of: "services.\(name).rpc"),
        admin: Self.address(addresses.admin, of: "services.\(name).admin"),
        http: addresses.http.map { try Self.address($0, of: "services.\(name).http") })
    }
  }

  private static func address(_ text: String, of key: String) throws -> HostPort {
    guard let address = HostPort(text) else {
      throw ConfigurationError("\(key) must be an address such as 127.0.0.1:7400.")
    }
    return address
  }

  private struct Form: Decodable {
    var database: Database
    var publicBaseURL: String?
    var smtp: MailServer?
    var services: [String: Addresses]

    struct Addresses: Decodable {
      var rpc: String
      var admin: String
      var http: String?
    }
  }
}

extension DecodingError {
  /// Where in a JSON file something is missing or of another type.
  fileprivate var place: String {
    switch self {
    case .keyNotFound(let key, let context): "\((context.codingPath + [key]).dotted) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(context.codingPath.dotted) has another type"
    default: "it is not JSON"
    }
  }
}

extension [any CodingKey] {
  fileprivate var dotted: String { map(\.stringValue).joined(separator: ".") }
}
