import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { QueryScope } from '../../src/measure/go-template.ts';
import { renderQuery } from '../../src/measure/go-template.ts';

const scope: QueryScope = {
  name: 'podinfo',
  namespace: 'test',
  target: 'podinfo-v2',
  service: 'podinfo-svc',
  ingress: 'podinfo-ing',
  route: 'podinfo-route',
  interval: '1m',
  variables: { direction: 'inbound', 'a-b': 'dashed', zero: '0', empty: '' },
};

function text(template: string): string {
  const rendered = renderQuery(template, scope);
  return rendered.ok ? rendered.text : `error: ${rendered.message}`;
}

describe('a query template', () => {
  it.each<[string, string]>([
    // scope
    ['{{ name }} {{namespace}} {{ target }}', 'podinfo test podinfo-v2'],
    ['{{ service }} {{ ingress }} {{ route }} {{ interval }}', 'podinfo-svc podinfo-ing podinfo-route 1m'],
    ['rate(x{app="{{ target }}"}[{{ interval }}])', 'rate(x{app="podinfo-v2"}[1m])'],
    ['{{ variables.direction }}', 'inbound'],
    ['{{ (variables).direction }}', 'inbound'],
    ['{{ index variables "a-b" }}', 'dashed'],
    ['[{{ index variables "missing" }}]', '[]'],
    ['{{ variables }}', 'map[a-b:dashed direction:inbound empty: zero:0]'],
    ['no action at all', 'no action at all'],
    ['', ''],
    // trim markers and comments
    ['a {{- name -}} b', 'apodinfob'],
    ['a {{ name -}}\n\t b', 'a podinfob'],
    ['a {{/* a comment }} */}} b', 'a  b'],
    ['a {{- /* a comment */ -}} b', 'ab'],
    ['a {{-3}} b', 'a -3 b'],
    ['{{ 3 -}} b', '3b'],
    // literals
    ['{{ "a\\tb\\u00e9\\x41\\101" }}', 'a\tb\u00e9AA'],
    ['{{ `{{` }} x {{ `}}` }}', '{{ x }}'],
    ['{{ 0x1F }} {{ 1_000 }} {{ 017 }} {{ 0b101 }} {{ -5 }}', '31 1000 15 5 -5'],
    ["{{ 'a' }}", '97'],
    ['{{ 1.5 }} {{ 1e3 }} {{ 0.00001 }} {{ 1e21 }} {{ .5 }}', '1.5 1000 1e-05 1e+21 0.5'],
    ['{{ true }} {{ false }}', 'true false'],
    // printf and print
    ['{{ printf "kube_%s__%s" namespace ingress }}', 'kube_test__podinfo-ing'],
    ['{{ printf "%q %v %d %%" name 1 2 }}', '"podinfo" 1 2 %'],
    ['{{ printf "%5d|%-5s|%05d|%+d" 42 "ab" -42 7 }}', '   42|ab   |-0042|+7'],
    ['{{ printf "%.2f %g %e" 1.5 1.5 1500.0 }}', '1.50 1.5 1.500000e+03'],
    ['{{ printf "%x %X %o %b %c" 255 255 8 5 65 }}', 'ff FF 10 101 A'],
    ['{{ printf "%t %v" true variables.direction }}', 'true inbound'],
    ['{{ printf "%.3s" "abcdef" }}', 'abc'],
    ['{{ print "a" 1 2 "b" 3 }}', 'a1 2b3'],
    ['{{ println 1 "b" }}', '1 b\n'],
    // pipelines
    ['{{ name | printf "%s-%s" "x" }}', 'x-podinfo'],
    ['{{ "a b&c*~é" | urlquery }}', 'a+b%26c%2A~%C3%A9'],
    ['{{ `<a href="x">` | html }}', '&lt;a href=&#34;x&#34;&gt;'],
    ["{{ `it's <b>` | js }}", "it\\'s \\u003Cb\\u003E"],
    ['{{ print (len name) (printf "%s" "x") }}', '7x'],
    // conditions
    ['{{ if eq namespace "test" }}yes{{ else }}no{{ end }}', 'yes'],
    ['{{ if ne namespace "test" }}yes{{ else if eq 1 2 }}two{{ else }}no{{ end }}', 'no'],
    ['{{ if and (eq 1 1) (lt 1 2) (not false) }}yes{{ end }}', 'yes'],
    ['{{ if or "" 0 (gt 2 1) }}yes{{ end }}', 'yes'],
    ['{{ or "" "fallback" }} {{ and "a" "" }}|{{ and 1 2 }}', 'fallback |2'],
    ['{{ eq name "a" "podinfo" }}', 'true'],
    ['{{ le 1.5 1.5 }} {{ ge "b" "a" }}', 'true true'],
    ['{{ or true (index "a" 7) }}', 'true'],
    // variables, with, range
    ['{{ $n := name }}{{ $n }}-{{ $n }}', 'podinfo-podinfo'],
    ['{{ $n := "a" }}{{ if true }}{{ $n = "b" }}{{ end }}{{ $n }}', 'b'],
    ['{{ $n := "a" }}{{ if true }}{{ $n := "b" }}{{ end }}{{ $n }}', 'a'],
    ['{{ $v := variables }}{{ $v.direction }}', 'inbound'],
    ['{{ with variables.direction }}[{{ . }}]{{ else }}none{{ end }}', '[inbound]'],
    ['{{ with variables.empty }}[{{ . }}]{{ else }}none{{ end }}', 'none'],
    ['{{ with $d := variables.direction }}{{ $d }}{{ end }}', 'inbound'],
    [
      '{{ range $k, $v := variables }}{{ $k }}={{ $v }};{{ end }}',
      'a-b=dashed;direction=inbound;empty=;zero=0;',
    ],
    ['{{ range variables }}{{ . }},{{ end }}', 'dashed,inbound,,0,'],
    ['{{ range 3 }}{{ . }}{{ end }}', '012'],
    [
      '{{ range 9 }}{{ if eq . 2 }}{{ continue }}{{ end }}{{ if eq . 4 }}{{ break }}{{ end }}{{ . }}{{ end }}',
      '013',
    ],
    ['{{ range 0 }}x{{ else }}none{{ end }}', 'none'],
    ['{{ slice "abcdef" 1 3 }}', 'bc'],
    ['{{ if variables.zero }}not empty{{ end }}', 'not empty'],
  ])('%s gives %j', (template, wanted) => {
    expect(text(template)).toBe(wanted);
  });

  it.each<[string, RegExp]>([
    ['{{ .Interval }}', /line 1, column 4: there is no data to take \.Interval from/],
    ['{{ args.name }}', /line 1, column 4: function "args" is not known/],
    ['a\n  {{ variables.nothing }}', /line 2, column 15: there is no variable "nothing"/],
    ['{{ variables.constructor }}', /no variable "constructor"/],
    ['{{ variables.a-b }}', /unexpected "-"/],
    ['{{ name.first }}', /text has no field "first"/],
    ['{{ $x }}', /variable \$x is not defined/],
    ['{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}', /variable \$x is not defined/],
    ['{{ interval "5m" }}', /interval cannot take 1 argument/],
    ['{{ "a" "b" }}', /only functions take arguments/],
    ['{{ name | "x" }}', /only functions take arguments/],
    ['{{ printf "%d" name }}', /printf: %d does not fit text/],
    ['{{ printf "%s %s" name }}', /printf: no argument for %s/],
    ['{{ printf "%s" name name }}', /printf: 1 more argument/],
    ['{{ printf "%9999s" name }}', /wider than/],
    ['{{ printf "100%" }}', /ends within a directive/],
    ['{{ eq 1 "1" }}', /an integer cannot be compared with text/],
    ['{{ lt true false }}', /has no order/],
    ['{{ index variables 1 }}', /a map cannot be indexed with an integer/],
    ['{{ index "abc" 5 }}', /out of range/],
    ['{{ range name }}{{ end }}', /range cannot go over text/],
    ['{{ name', /the action is not closed/],
    ['{{ "name }}', /the string is not closed/],
    ['{{ `name }}', /the raw string is not closed/],
    ['{{/* name }}', /the comment is not closed/],
    ['{{ }}', /a value is missing/],
    ['{{ if true }}', /\{\{if\}\} is not closed/],
    ['{{ if true }}{{ else }}', /\{\{if\}\} is not closed/],
    ['{{ end }}', /unexpected \{\{end\}\}/],
    ['{{ else }}', /unexpected \{\{else\}\}/],
    ['{{ break }}', /break outside of range/],
    ['{{ (name }}', /parenthesis is not closed/],
    ['{{ printf(1) }}', /parted by spaces/],
    ['{{ template "x" }}', /template is not supported/],
    ['{{ 99999999999999999999 }}', /no integer of 64 bits/],
    ["{{ 'ab' }}", /exactly one character/],
    ['{{ "\\q" }}', /unknown escape/],
    ['{{ range 1000000000 }}x{{ end }}', /more than 20000 steps/],
    ['{{ range 15000 }}xxxxxxxxxx{{ end }}', /longer than 65536|more than 20000 steps/],
    ['{{ name }}\u0000{{ nope }}', /function "nope" is not known/],
  ])('%s is an error', (template, message) => {
    const rendered = renderQuery(template, scope);
    expect(rendered.ok ? 'no error' : rendered.message).toMatch(message);
  });

  it.each<[string, string, RegExp]>([
    ['blocks', `${'{{ if true }}'.repeat(60)}${'{{ end }}'.repeat(60)}`, /nested deeper than 50/],
    ['parentheses', `{{ ${'('.repeat(60)}1${')'.repeat(60)} }}`, /nested deeper than 50/],
    ['text', 'x'.repeat(65_537), /longer than 65536 characters/],
    ['output', `{{ range 100 }}${'x'.repeat(1000)}{{ end }}`, /longer than 65536 characters/],
  ])('has a limit for %s', (_title, template, message) => {
    expect(text(template)).toMatch(message);
  });

  it.each<[string, Partial<QueryScope>]>([
    ['interval', { interval: '1m\n# ' }],
    ['variable "x"', { variables: { x: 'a\u0000b' } }],
    ['variable "y"', { variables: { x: 'fine', y: 'a\r\nb' } }],
  ])('refuses control characters in %s', (what, change) => {
    expect(renderQuery('up', { ...scope, ...change })).toEqual({
      ok: false,
      message: `${what} holds a line break or another control character`,
    });
  });

  it('inserts everything else as it is', () => {
    const selector = '"} or up{a=~"b|c';
    expect(renderQuery('{{ variables.x }}', { ...scope, variables: { x: selector } })).toEqual({
      ok: true,
      text: selector,
    });
  });

  it('always ends, in a text or in a message', () => {
    const marks = '{{ }} {{- -}} ( ) | , . := = $x .a /* */ \\ "';
    const words = 'if else end range with variables name printf index "a" `b` \'c\' 3 -1.5';
    const part = fc.constantFrom(' ', '\n', ...`${marks} ${words}`.split(' '));
    const parts = fc.array(part, { maxLength: 30 }).map((list) => list.join(''));
    fc.assert(
      fc.property(fc.oneof(parts, fc.string(), fc.string({ unit: 'binary' })), (template) => {
        const rendered = renderQuery(template, scope);
        expect(rendered.ok || rendered.message.startsWith('line ')).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('leaves text without actions alone', () => {
    fc.assert(
      fc.property(fc.string(), (template) => {
        fc.pre(!template.includes('{{'));
        expect(text(template)).toBe(template);
      }),
    );
  });
});
