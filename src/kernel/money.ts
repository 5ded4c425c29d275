/** Money is an integer of minor units with an ISO 4217 currency; nothing here knows fractions. */

/** Largest amount and balance, in minor units: what a double holds exactly. */
export const maxAmount = Number.MAX_SAFE_INTEGER;

/** Active ISO 4217 codes by their number of minor-unit digits (list one, as of 2026). */
const codesByDigits: Readonly<Record<number, string>> = {
  0: '' + 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF ',
  2:
    '' +
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE ' +
    'CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD ' +
    'HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK ' +
    'MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD ' +
    'RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH ' +
    'USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ',
  3: '' + 'BHD IQD JOD KWD LYD OMR TND ',
  4: '' + 'CLF UYW ',
};

const digitsByCode = new Map<string, number>(
  Object.entries(codesByDigits).flatMap(([digits, codes]) =>
    codes
      .trim()
      .split(' ')
      .map((code): [string, number] => [code, Number(digits)]),
  ),
);

/** Whether the text is an active ISO 4217 currency code, in capitals. */
export function isCurrency(code: string): boolean {
  return digitsByCode.has(code);
}

/** Digits after the decimal point of a currency (JPY 0, EUR 2, BHD 3). Throws for an unknown code. */
export function minorUnitDigits(code: string): number {
  const digits = digitsByCode.get(code);
  if (digits === undefined) throw new Error(`'${code}' is not an ISO 4217 currency code`);
  return digits;
}

/** Whether a value is an amount that can be moved: a positive integer within the safe range. */
export function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
