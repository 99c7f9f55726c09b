// The API page: reads /openapi.json and writes it out for people. Text only ever becomes text, never markup.
'use strict';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

fetch('/openapi.json')
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`status ${answer.status}`))))
  .then(show)
  .catch((error) => { byId('about').textContent = `The description could not be read (${error.message}). Reload to try again.`; });

function show(api) {
  document.title = api.info.title;
  byId('title').textContent = api.info.title;
  byId('about').textContent = api.info.description || '';
  byId('version').textContent = `version ${api.info.version}`;
  for (const [tag, operations] of byTag(api)) {
    const id = `tag-${tag.replace(/\W+/g, '-')}`;
    byId('tags').append(element('a', { href: `#${id}` }, tag));
    byId('operations').append(element('section', { id }, element('h2', {}, tag), ...operations.map((it) => operation(api, it))));
  }
  openNamed();
  addEventListener('hashchange', openNamed);
}

function byTag(api) {
  const tags = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => item[name])) {
      const tag = (item[method].tags || ['other'])[0];
      tags.set(tag, [...(tags.get(tag) || []), { method, path, servers: item.servers || [], ...item[method] }]);
    }
  }
  return tags;
}

function operation(api, it) {
  const body = element('div', { class: 'body' });
  if (it.description) body.append(element('p', {}, ...prose(it.description)));
  body.append(element('p', {}, whoMay(it)));
  if (it.servers.length) body.append(element('p', {}, ...prose(places(it))));
  parameters(api, it, body);
  request(api, it, body);
  responses(api, it, body);
  return element('details', { class: 'operation', id: it.operationId },
    element('summary', {},
      element('span', { class: `method ${it.method}` }, it.method.toUpperCase()),
      element('span', { class: 'path' }, it.path),
      element('span', { class: 'summary' }, it.summary || '')),
    body);
}

function whoMay(it) {
  const ways = it.security || [];
  if (ways.length === 0) return 'No authorization.';
  const names = ways.map((way) => Object.keys(way)[0] || 'none');
  return `Authorization: ${names.join(' or ')}.`;
}

function places(it) {
  const one = (server) => `${server.description || 'At'}: \`${server.url.replace(/\/$/, '')}${it.path}\`.`;
  return it.servers.map(one).join(' ');
}

function parameters(api, it, body) {
  const rows = (it.parameters || []).map((parameter) =>
    row(parameter.name, [parameter.in, kind(api, parameter.schema), parameter.required ? 'required' : ''], parameter.description));
  if (rows.length) body.append(element('h3', {}, 'Parameters'), table(rows));
}

function request(api, it, body) {
  const schema = jsonOf(it.requestBody);
  if (!schema) return;
  body.append(element('h3', {}, 'Body'), table(members(api, schema)));
  body.append(element('pre', {}, JSON.stringify(example(api, schema), null, 2)));
}

function responses(api, it, body) {
  body.append(element('h3', {}, 'Answers'));
  const entries = Object.entries(it.responses || {});
  const rows = entries.map(([status, response]) => row(status, [kind(api, jsonOf(response))], response.description));
  body.append(table(rows));
  const good = entries.find(([status, response]) => status.startsWith('2') && jsonOf(response));
  if (good) body.append(element('pre', {}, JSON.stringify(example(api, jsonOf(good[1])), null, 2)));
}

// Schemas

function jsonOf(holder) {
  const content = holder && holder.content && holder.content['application/json'];
  return content && content.schema;
}

function resolve(api, schema) {
  if (!schema) return {};
  if (schema.$ref) return resolve(api, api.components.schemas[schema.$ref.split('/').pop()]);
  const choice = (schema.oneOf || schema.anyOf || []).find((one) => one.type !== 'null');
  if (choice) return { ...resolve(api, choice), description: schema.description };
  if (schema.allOf) return merged(schema.allOf.map((one) => resolve(api, one)));
  return schema;
}

function merged(parts) {
  const required = parts.flatMap((part) => part.required || []);
  return { ...Object.assign({}, ...parts), required, properties: Object.assign({}, ...parts.map((part) => part.properties)) };
}

function kind(api, schema) {
  if (!schema) return '';
  const it = resolve(api, schema);
  const types = [].concat(it.type || []).filter((type) => type !== 'null');
  if (types[0] === 'array') return `array of ${kind(api, it.items) || 'values'}`;
  if (it.enum) return it.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (it.properties && schema.$ref) return schema.$ref.split('/').pop();
  return [types.join(' or '), it.format === 'int64' || !it.format ? '' : `(${it.format})`, bounds(it)].filter(Boolean).join(' ');
}

function bounds(it) {
  const [least, most] = [it.minimum ?? it.minLength, it.maximum ?? it.maxLength];
  const unit = it.minLength !== undefined || it.maxLength !== undefined ? ' characters' : '';
  if (least !== undefined && most !== undefined) return `${least} to ${most}${unit}`;
  if (most !== undefined) return `up to ${most}${unit}`;
  return least !== undefined && !unit ? `from ${least}` : '';
}

function members(api, schema, depth = 0) {
  const it = resolve(api, schema);
  const required = new Set(it.required || []);
  return Object.entries(it.properties || {}).flatMap(([name, member]) => {
    const line = row(name, [kind(api, member), required.has(name) ? 'required' : ''], member.description || resolve(api, member).description);
    if (depth) line.className = `nested depth-${depth}`;
    const inner = resolve(api, member);
    const object = inner.properties ? inner : resolve(api, inner.items);
    const below = object.properties && depth < 4 ? members(api, object, depth + 1) : [];
    return [line, ...below];
  });
}

function example(api, schema, depth = 0) {
  const it = resolve(api, schema);
  if (schema && schema.example !== undefined) return schema.example;
  if (it.example !== undefined) return it.example;
  if (it.examples) return it.examples[0];
  if (it.enum) return it.enum[0];
  const type = [].concat(it.type || 'object').find((name) => name !== 'null');
  if (type === 'array') return depth > 4 ? [] : [example(api, it.items, depth + 1)];
  if (type === 'object') {
    const entries = Object.entries(it.properties || {});
    return Object.fromEntries(entries.map(([name, member]) => [name, depth > 4 ? null : example(api, member, depth + 1)]));
  }
  if (type === 'integer' || type === 'number') return 0;
  if (type === 'boolean') return false;
  return { uuid: '00000000-0000-4000-8000-000000000000', 'date-time': '2026-01-31T12:00:00Z' }[it.format] || 'text';
}

// The page

function openNamed() {
  const named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named && named.tagName === 'DETAILS') { named.open = true; named.scrollIntoView(); }
}

function table(rows) { return element('table', { class: 'rows' }, element('tbody', {}, ...rows)); }

function row(name, facts, text) {
  return element('tr', {},
    element('th', { scope: 'row' }, name),
    element('td', { class: 'kind' }, facts.filter(Boolean).join(', ')),
    element('td', {}, ...prose(text)));
}

// What stands between backticks is code.
function prose(text = '') {
  return text.split('`').map((part, index) => (index % 2 ? element('code', {}, part) : part));
}

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function byId(id) { return document.getElementById(id); }
