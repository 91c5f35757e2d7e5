//! Whether a value fits a declared type, and the one conversion there is: anything to text.
//!
//! Source: v2 semantics 2.3. A string is never parsed into another type.

use pipewright_plan::{ParameterType, Value, kind_name, normalize, text_form};

/// Returns the value as the type wants it. Errors: a sentence that names what was found.
pub(crate) fn convert(declared: ParameterType, value: Value) -> Result<Value, String> {
    let fits = match declared {
        ParameterType::Any => true,
        ParameterType::String => return Ok(Value::String(text_form(&value))),
        ParameterType::NumberInteger | ParameterType::NumberDouble => value.is_number(),
        ParameterType::Boolean => value.is_boolean(),
        ParameterType::List => value.is_array(),
        ParameterType::Struct | ParameterType::TaskFinalStatus | ParameterType::TaskConfig => {
            value.is_object()
        }
    };
    if fits {
        return Ok(normalize(value));
    }
    Err(format!("expected {}, found a {} value", declared.name(), kind_name(&value)))
}
