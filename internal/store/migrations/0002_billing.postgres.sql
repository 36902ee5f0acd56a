-- Amounts that were issued, and the prices that explain them, stay as they are.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '% is never changed or deleted', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER tariff_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON tariff
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a tariff');
CREATE TRIGGER document_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON document
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('an issued document');
CREATE TRIGGER document_line_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON document_line
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a line of an issued document');
CREATE TRIGGER posting_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON posting
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a posting');
