import ArgumentParser
import Messages

/// Forms, for the commands that define them.
enum FormDefinitions: DeletableResource {
  static let command = "forms"
  static let noun = "form"
  static let example = "entities/b2c/forms/win-back"

  static func create(
    _ definition: FormsV1.Form, id: String, in entity: String, _ session: Session
  ) async throws -> FormsV1.Form {
    var request = FormsV1.CreateFormRequest()
    request.parent = entity
    request.formId = id
    request.form = definition
    return try await session.call(FormsV1.FormService.createForm, request)
  }

  static func get(_ name: String, _ session: Session) async throws -> FormsV1.Form {
    var request = FormsV1.GetFormRequest()
    request.name = name
    return try await session.call(FormsV1.FormService.getForm, request)
  }

  static func list(in entity: String, _ page: PageOptions, _ session: Session) async throws -> FormsV1.ListFormsResponse
  {
    var request = FormsV1.ListFormsRequest()
    request.parent = entity
    return try await session.page(FormsV1.FormService.listForms, request, page)
  }

  static func update(
    _ definition: FormsV1.Form, named name: String, mask: GoogleProtobuf.FieldMask?, _ session: Session
  ) async throws -> FormsV1.Form {
    var request = FormsV1.UpdateFormRequest()
    var definition = definition
    definition.name = name
    request.form = definition
    request.updateMask = mask
    return try await session.call(FormsV1.FormService.updateForm, request)
  }

  static func delete(_ name: String, _ session: Session) async throws {
    var request = FormsV1.DeleteFormRequest()
    request.name = name
    _ = try await session.call(FormsV1.FormService.deleteForm, request)
  }

  static func table(of definitions: [FormsV1.Form]) -> TextTable {
    var table = TextTable("NAME", "STATE", "DISPLAY NAME", "QUESTIONS", "PUBLIC ADDRESS", empty: "There is no form.")
    table.rows = definitions.map { form in
      let questions = form.pages.reduce(0) { $0 + $1.questions.count }
      return [form.name, EnumWord.text(form.state), form.displayName, "\(questions)", form.publicUrl]
    }
    return table
  }

  static func text(of definition: FormsV1.Form) -> String {
    var details = Details()
    details.add("Name", definition.name)
    details.add("Display name", definition.displayName)
    details.add("State", EnumWord.text(definition.state))
    details.add("Profile table", definition.profileTable)
    details.add("Answers", EnumWord.text(definition.policy))
    details.add("Opens", definition.openTime)
    details.add("Closes", definition.closeTime)
    details.add("Public address", definition.publicUrl)
    details.add("Version", definition.version)
    details.add("Updated", definition.updateTime)
    let enriched = Dictionary(definition.enrichment.map { ($0.question, $0.field) }) { "\($0), \($1)" }
    var table = TextTable("PAGE", "QUESTION", "KIND", "RULES", "ENRICHES", empty: "It has no questions.")
    table.rows = definition.pages.flatMap { page in
      page.questions.map { [page.id, $0.id, $0.kindText, $0.rules, enriched[$0.id] ?? ""] }
    }
    return details.text + "\n\n" + table.text
  }
}

extension FormsV1.Question {
  fileprivate var kindText: String {
    switch kind {
    case nil: ""
    case .text: "text"
    case .number: "number"
    case .date: "date"
    case .email: "email"
    case .choice(let choice): choice.choices.map(\.id).joined(separator: choice.multiple ? "+" : "|")
    case .rating(let rating): "1 to \(rating.max == 0 ? 5 : rating.max)"
    case .consent: "consent"
    case .hidden: "hidden"
    }
  }

  fileprivate var rules: String {
    ((required ? ["required"] : []) + (showIf == nil ? [] : ["conditional"])).joined(separator: ", ")
  }
}

extension TableShape {
  /// The questions of a form, each as a field that takes its answer.
  init(_ form: FormsV1.Form) {
    self.init(form.pages.flatMap(\.questions).map { Field(name: $0.id, type: $0.answerType) })
  }
}

extension FormsV1.Question {
  fileprivate var answerType: TypeV1.FieldType {
    switch kind {
    case nil: .unspecified
    case .text, .email, .choice, .hidden: .string
    case .number: .decimal
    case .date: .date
    case .rating: .integer
    case .consent: .boolean
    }
  }
}
