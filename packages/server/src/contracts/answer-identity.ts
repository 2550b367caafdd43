/** The identity of an answer, known before the answer is generated. */
export interface AnswerIdentity {
  /** Hexadecimal digits; a dialect adds its own prefix. */
  readonly id: string;
  readonly createdAt: Date;
}
